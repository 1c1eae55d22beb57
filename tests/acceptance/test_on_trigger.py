"""A new version is told of once, by a real server and its worker."""

from __future__ import annotations

from pathlib import Path

from tests.services.pikoci import running_server

PIPELINE = """
variable "folder" {
  type = string
}

notification_type "file" {
  notify "shell" { cmd = "echo \\"$NOTIFY_MESSAGE\\" >> ${var.folder}/told" }
}

notification "file" "told" {}

resource "trigger" "button" {}

job "test" {
  for_each = toset(["a", "b", "c"])
  on_trigger {
    notify "file" "told" { message = "new at $GET_BUTTON_DATE" }
  }
  get "trigger" "button" { trigger = true }
}

job "ship" {
  on_trigger {
    notify "file" "told" { message = "new at $GET_BUTTON_DATE" }
  }
  get "trigger" "button" {
    trigger = true
    passed  = ["test"]
  }
}
"""


def test_a_version_is_told_of_once_whatever_builds_it_makes(tmp_path: Path) -> None:
    flags = ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}"]
    with running_server(tmp_path, flags) as server:
        body = {"config": PIPELINE, "vars": {"folder": str(tmp_path)}}
        server.http.put("/api/v1/teams/main/pipelines/p", json=body).raise_for_status()
        dates = []
        for number in ("1", "2"):
            server.post("/teams/main/pipelines/p/resources/trigger.button/check")
            shipped = server.wait_for_build("p", "ship", number, "succeeded", "failed", "errored")
            assert shipped["status"] == "succeeded", server.log.read_text()
            dates.append(shipped["inputs"][0]["version"]["date"])
        assert (tmp_path / "told").read_text().splitlines() == [f"new at {date}" for date in dates]
        builds = [server.build("p", f"test--{key}", "1") for key in "abc"]
        told = [step["status"] for build in builds for step in build["steps"] if step["kind"] == "notify"]
        assert told == ["succeeded"]
