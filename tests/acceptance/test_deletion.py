"""A pipeline is deleted while it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.pikoci import PikociServer

RUN = """
job "run" {{
  task "t" {{
    run "shell" {{
      cmd = <<-EOT
        echo $$ > {folder}/pid
        while ! test -e {folder}/gate; do sleep 0.05; done
        echo done
      EOT
    }}
  }}
}}
"""
PIPELINE = "/api/v1/teams/main/pipelines/app"


@pytest.mark.parametrize("system", ["sqlite", "postgresql"])
def test_its_name_is_free_at_once_and_what_it_ran_is_stopped(
    system: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    flags = [f"--db-system={system}", f"--db-name={tmp_path / 'pikoci.db'}"]
    if system == "postgresql":
        flags = request.getfixturevalue("postgresql").flags()
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    server = PikociServer(tmp_path, [*flags, "--heartbeat-interval=500ms", "--lease=5s", "--concurrency=1"])
    try:
        server.start()
        set_pipeline(server, old)
        for _ in range(3):
            trigger(server)
        pid = int(server.wait_for(lambda: (old / "pid").is_file() and (old / "pid").read_text(), "the build to run"))

        server.http.delete(PIPELINE).raise_for_status()
        assert server.http.get(PIPELINE).status_code == 404
        assert server.http.get(f"{PIPELINE}/jobs/run/builds/1/log").status_code == 404
        set_pipeline(server, new)
        assert trigger(server) == "1"

        server.wait_for((new / "pid").is_file, "the new build to run in the place of the old one")
        assert not Path(f"/proc/{pid}").exists()
        (new / "gate").touch()
        server.wait_for_build("app", "run", "1", "succeeded")
        assert trigger(server) == "2"
        server.wait_for(lambda: "pipeline deleted for good" in server.log.read_text(), "the old rows to go")
        assert len(server.get("/teams/main/pipelines/app/jobs/run/builds")["items"]) == 2
    finally:
        server.stop()


def set_pipeline(server: PikociServer, folder: Path) -> None:
    server.http.put(PIPELINE, json={"config": RUN.format(folder=folder), "vars": {}}).raise_for_status()


def trigger(server: PikociServer) -> str:
    answer = server.http.post(f"{PIPELINE}/jobs/run/builds", json={})
    return str(answer.raise_for_status().json()["number"])
