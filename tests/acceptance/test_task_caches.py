"""A farm that is fast: a task's second build does only what is new."""

from __future__ import annotations

from pathlib import Path

from tests.services.pikoci import running_server
from tests.unit.docs.markdown import ROOT, blocks


def test_the_second_build_of_the_pages_example_compiles_nothing(tmp_path: Path) -> None:
    [example] = [one for one in blocks(ROOT / "docs" / "pipeline.md", "hcl") if "caches = [" in one.text]
    with running_server(tmp_path, []) as server:
        assert server.http.put("/api/v1/teams/main/pipelines/p", json={"config": example.text}).is_success
        logs = []
        for number in ("1", "2"):
            server.post("/teams/main/pipelines/p/jobs/program/builds", {})
            build = server.wait_for_build("p", "program", number, "succeeded", "failed", "errored")
            logs.append(server.build_log("p", "program", number))
            assert build["status"] == "succeeded", logs
        assert logs[0].startswith("cache objects: empty\n")
        assert "compiling lexer\ncompiling parser\n" in logs[0]
        assert logs[1].startswith("cache objects: ")
        assert "empty" not in logs[1].split("\n")[0]
        assert "compiling" not in logs[1]
