"""A server that cannot start says why in one message, without a traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.services.pikoci import PIKOCI, running_server
from tests.services.process import free_port
from tests.unit.docs.markdown import ROOT


def start(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PIKOCI, "server", "--host=127.0.0.1", f"--port={free_port()}", *flags],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


NO_POSTGRESQL = ["--db-system=postgresql", "--db-host=127.0.0.1", f"--db-port={free_port()}", "--db-password=pst"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ["--db-system=postgresql", "--db-host=127.0.0.1", f"--db-port={free_port()}", "--db-password=pst"],
            "--db-host",
        ),
        (["--db-system=sqlite", "--db-name=/nowhere/at/all.db"], "--db-name"),
        (["--db-system=oracle"], "--db-system"),
        (["--pipeline-name=x"], "--pipeline-config"),
        (["--run-worker=false"], "--pubsub-system"),
        (["--users=alice"], "user-password"),
        (["--jwt-secret-previous=pst,other"], "--jwt-secret-previous"),
        (["--workdir=/proc/nowhere"], "/proc/nowhere"),
        (["--audit-log=/nowhere/at/all.jsonl"], "--audit-log"),
        (["--config=settings.yaml"], "run-worker"),
        (["--pipeline-name=x", "--pipeline-config=bad.hcl"], "bad.hcl"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_it_says_what_is_wrong(flags: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("runworker: true\n")
    (tmp_path / "bad.hcl").write_text('jobb "x" {}\n')
    done = start(tmp_path, *flags)
    assert done.returncode in {1, 2}
    assert said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert "pst" not in done.stderr.replace("postgresql", "")


def test_a_work_directory_in_use_ends_the_second_server(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        done = start(tmp_path, f"--workdir={tmp_path / 'worker'}")
        assert done.returncode == 1
        assert "another worker uses" in done.stderr
        assert "Traceback" not in done.stderr
        assert server.get("/profile")["name"] == "tester"


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        done = start(tmp_path, f"--port={server.port}", f"--workdir={tmp_path / 'other'}")
        assert done.returncode == 1
        assert str(server.port) in done.stderr
        other = server.port + 1
        assert f"take another port: --port {other}, or PORT={other} before the command" in done.stderr
        assert "Traceback" not in done.stderr


def test_make_run_takes_a_port_and_as_many_slots_as_there_are_processors(tmp_path: Path) -> None:
    (tmp_path / "python").touch()
    (tmp_path / "pikoci").write_text('#!/bin/sh\necho "PORT=$PORT CONCURRENCY=$CONCURRENCY $@"\n')
    (tmp_path / "pikoci").chmod(0o755)

    def run(**variables: str) -> str:
        line = ["make", "--silent", "--old-file=.venv/.runtime-installed", f"BIN={tmp_path}", "run"]
        variables |= {"PATH": "/usr/bin:/bin", "PORT": "8081"}
        return subprocess.run(line, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout

    slots = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    assert run().startswith(f"PORT=8081 CONCURRENCY={slots} server --run-worker ")
    assert run(CONCURRENCY="7").startswith("PORT=8081 CONCURRENCY=7 ")
    assert run(ARGS="--db-system sqlite").endswith(" --db-system sqlite\n")
