"""The commands of docs/workers.md, word for word but for addresses, passwords and the token."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.services.pikoci import PIKOCI, PikociServer
from tests.services.postgresql import Database
from tests.services.worker import PikociWorker
from tests.unit.docs.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "workers.md"
TOKEN = re.compile(r"Worker token for standalone workers token=([\w.-]+)")
JOB = 'job "hello" {\n  task "hello" {\n    run "shell" {\n      cmd = "echo hello"\n    }\n  }\n}\n'


def script(beginning: str) -> str:
    """The block of the page that has a command that begins like this."""
    [found] = [block.text for block in blocks(PAGE, "sh") if re.search(f"^{beginning}", block.text, re.MULTILINE)]
    return found


class ExampleServer(PikociServer):
    """The server of the page; what the page leaves out comes by variables."""

    def __init__(self, folder: Path, command: str) -> None:
        super().__init__(folder)
        self._command = command

    def command(self) -> list[str]:
        """The page's command in a shell."""
        users = next(flag for flag in self._flags if flag.startswith("--users=")).removeprefix("--users=")
        return ["env", f"PORT={self.port}", "HOST=127.0.0.1", f"USERS={users}", "sh", "-ec", f"{self._command}"]


@pytest.fixture
def server(tmp_path: Path, postgresql: Database, nats_address: str) -> Iterator[ExampleServer]:
    values = {
        "nats.example.com:4222": urlsplit(nats_address).netloc,
        "db.example.com": postgresql.host,
        "5432": str(postgresql.port),
        "--db-user pikoci": f"--db-user {postgresql.user}",
        "--db-password secret": f"--db-password '{postgresql.password}'",
        "--db-name pikoci": f"--db-name {postgresql.dbname}",
    }
    text = script("pikoci server")
    for example, real in values.items():
        assert example in text
        text = text.replace(example, real)
    made = ExampleServer(
        tmp_path, f"export QUEUE_PREFIX=page-{os.getpid()}\n" + text.replace("pikoci server", f"exec {PIKOCI} server")
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()


Start = Callable[[str, str], PikociWorker]


@pytest.fixture
def start(server: ExampleServer, tmp_path: Path, nats_address: str) -> Iterator[Start]:
    found = TOKEN.search(server.log.read_text())
    assert found is not None
    processes: list[subprocess.Popen[bytes]] = []

    def run(name: str, text: str) -> PikociWorker:
        values = {
            "nats.example.com:4222": urlsplit(nats_address).netloc,
            "http://server:8080": server.url,
            "eyJhbG...": found[1],
        }
        for example, real in values.items():
            text = text.replace(example, real)
        worker = PikociWorker(tmp_path / name)
        with worker.log.open("ab") as log:
            worker.process = subprocess.Popen(
                ["sh", "-ec", text.replace("pikoci worker", f"exec {PIKOCI} worker")],
                cwd=worker.folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(worker.folder),
                    "NATS_SERVER_URL": nats_address,
                    "QUEUE_PREFIX": f"page-{os.getpid()}",
                },
                stdout=log,
                stderr=log,
            )
        processes.append(worker.process)
        worker.wait_for(lambda: "worker registered" in worker.text(), f"{name} to register")
        return worker

    yield run
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        process.wait(30)


def hello(server: PikociServer, number: int) -> None:
    server.http.put("/api/v1/teams/main/pipelines/hello", json={"config": JOB}).raise_for_status()
    server.post("/teams/main/pipelines/hello/jobs/hello/builds", {})
    server.wait_for_build("hello", "hello", str(number), "succeeded")


def test_server_and_worker_of_the_page_work_together(server: ExampleServer, start: Start) -> None:
    start("first", script("pikoci worker \\\\"))
    hello(server, 1)
    assert server.get("/workers")["items"][0]["concurrency"] == 4


def test_the_variables_of_the_page_do_the_same(server: ExampleServer, start: Start) -> None:
    [block] = blocks(PAGE, "env")
    start("first", "".join(f"export {line}\n" for line in block.text.splitlines()) + "pikoci worker\n")
    hello(server, 1)
    assert server.get("/workers")["items"][0]["concurrency"] == 4


def test_three_machines_share_the_work(server: ExampleServer, start: Start) -> None:
    lines = [line for line in script("# machine A").splitlines() if line.startswith("pikoci worker")]
    for name, line in zip("abc", lines, strict=True):
        start(name, line)
    found = sorted((tuple(worker["queues"]), worker["concurrency"]) for worker in server.get("/workers")["items"])
    assert found == [(("checks",), 1), (("jobs",), 4), (("jobs", "checks"), 2)]
    hello(server, 1)
