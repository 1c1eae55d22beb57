"""Nothing that people do to a server keeps everybody else waiting for long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.services.pikoci import PikociServer, running_server

#: A warning comes after 100 ms; the disk of a busy machine may take that long for a page, which is nobody's fault.
HICCUP = 0.5
JOBS = 300
LOG = 20_000_000
JOB = 'job "{name}" {{\n  task "t" {{\n    run "shell" {{\n      cmd = "{command}"\n    }}\n  }}\n}}\n'


def stands(server: PikociServer) -> list[tuple[float, str]]:
    """The warnings in the server's log: for how long the hub stood, and what ran."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    return [(line["seconds"], line["ran"]) for line in lines if line["event"] == "the hub stood still"]


@pytest.mark.slow
def test_a_large_pipeline_and_a_long_log_hold_nobody_up(tmp_path: Path) -> None:
    many = "".join(JOB.format(name=f"j{number}", command="true") for number in range(JOBS))
    config = JOB.format(name="loud", command=f"yes a line of a log | head -c {LOG}") + many
    flags = ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}", "--log-level=info"]
    with running_server(tmp_path, flags) as server:
        pipeline = "/api/v1/teams/main/pipelines/p"
        server.http.put(pipeline, json={"config": config}).raise_for_status()
        server.post("/teams/main/pipelines/p/jobs/loud/builds", {})
        server.wait_for_build("p", "loud", "1", "succeeded")
        assert len(server.build_log("p", "loud", "1")) == LOG
        server.http.get("/").raise_for_status()
        server.http.delete(pipeline).raise_for_status()
        assert "pikoci_hub_gap_seconds_count" in server.http.get("/metrics").text
        assert [stood for stood in stands(server) if stood[0] > HICCUP] == []
