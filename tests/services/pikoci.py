"""A real `pikoci server` process, and a small HTTP client for what it answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import bcrypt
import httpx

from tests.services.process import free_port

USER, PASSWORD = "tester", "correct horse"
PIKOCI = str(Path(sys.executable).with_name("pikoci"))
DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.02
LONGEST_POLL_SECONDS = 0.1

T = TypeVar("T")


class PikociServer:
    """A server with its embedded worker; the same flags, port and folder at every start."""

    def __init__(self, folder: Path, flags: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
        """Choose a port; `start` starts. The environment is that of the tests, with these variables."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4)).decode()
        self._flags = [
            "--host=127.0.0.1",
            f"--port={self.port}",
            f"--users={USER}:{hashed}",
            f"--workdir={folder / 'worker'}",
            *flags,
        ]
        self._environment = environment or {}
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=self.url, timeout=30.0)

    def start(self) -> None:
        """Start, wait until it is ready, log in."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_for(self._is_ready, "the server to be ready")
        login = {"name": USER, "password": PASSWORD}
        token = self.http.post("/api/v1/login", json=login).raise_for_status().json()["token"]
        self.http.headers["authorization"] = f"Bearer {token}"

    def command(self) -> list[str]:
        """What is started."""
        return [PIKOCI, "server", *self._flags]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server as a service manager would: to its first process."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, timeout: float = DEADLINE_SECONDS) -> int:
        """Wait for the end; the exit status."""
        assert self.process is not None
        return self.process.wait(timeout)

    def kill(self) -> None:
        """SIGKILL every process of the server at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End the server for good, whatever state it is in."""
        self.http.close()
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def get(self, path: str) -> Any:
        """The JSON answer to a GET below /api/v1."""
        return self.http.get(f"/api/v1{path}").raise_for_status().json()

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON answer to a POST below /api/v1, None where there is none."""
        answer = self.http.post(f"/api/v1{path}", json=body).raise_for_status()
        return answer.json() if answer.content else None

    def build(self, pipeline: str, job: str, number: str) -> Any:
        """A build of team main with its steps, or None."""
        answer = self.http.get(f"/api/v1/teams/main/pipelines/{pipeline}/jobs/{job}/builds/{number}")
        if answer.status_code == 404:
            return None
        return answer.raise_for_status().json()

    def build_log(self, pipeline: str, job: str, number: str) -> str:
        """A build's log so far."""
        path = f"/api/v1/teams/main/pipelines/{pipeline}/jobs/{job}/builds/{number}/log"
        return self.http.get(path).raise_for_status().text

    def wait_for(self, condition: Callable[[], T], what: str, timeout: float = DEADLINE_SECONDS) -> T:
        """The first true value of `condition`; fails with the server's log when none comes in time."""
        began = time.monotonic()
        while not (found := condition()):
            ended = self.process is not None and self.process.poll() is not None
            waited = time.monotonic() - began
            if ended or waited > timeout:
                log = self.log.read_text(errors="replace")[-4000:]
                raise AssertionError(f"waited in vain for {what}; the server's log ends:\n{log}")
            time.sleep(min(POLL_SECONDS + waited / 10, LONGEST_POLL_SECONDS))  # to ask takes the server's time
        return found

    def wait_for_build(
        self, pipeline: str, job: str, number: str, *statuses: str, timeout: float = DEADLINE_SECONDS
    ) -> Any:
        """The build, once it has one of the statuses."""

        def found() -> Any:
            build = self.build(pipeline, job, number)
            return build if build and build["status"] in statuses else None

        return self.wait_for(found, f"{job} #{number} to be {' or '.join(statuses)}", timeout)

    def _is_ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running_server(
    folder: Path, flags: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[PikociServer]:
    """A started server, stopped at the end."""
    server = PikociServer(folder, flags, environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()
