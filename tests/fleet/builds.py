"""Builds on a farm: started through the API, waited for, and counted while somebody keeps starting more."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import gevent

from pikoci.pkg.client import Client
from pikoci.pkg.client.retry import RetryPolicy
from tests.fleet.ansible import tell
from tests.fleet.host import Host

TEAM, PIPELINE = "main", "farm"
CONFIG = Path(__file__).with_name("farm.hcl")
PATIENCE = RetryPolicy(attempts=120, longest_pause=1.0)  # a server may be away for two minutes
DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.2

T = TypeVar("T")


class Builds:
    """What a user does with the farm at an address, once `log_in` was called."""

    def __init__(self, url: str) -> None:
        self.client = Client(url, timeout=10.0, policy=PATIENCE)

    def log_in(self, user: str, password: str) -> Self:
        """Log in and set the pipeline."""
        self.client.login(user, password)
        self.client.pipelines.set(TEAM, PIPELINE, CONFIG.read_text(encoding="utf-8"))
        return self

    def start(self, job: str) -> str:
        """Start a build, once, however often the server must be asked; its number."""
        return str(self.client.builds.trigger(TEAM, PIPELINE, job, key=str(uuid.uuid4()))["number"])

    def get(self, job: str, number: str) -> dict[str, Any]:
        """A build as it is now."""
        return self.client.builds.get(TEAM, PIPELINE, job, number)

    def list(self, job: str) -> Iterator[dict[str, Any]]:
        """The job's builds, newest first."""
        return self.client.builds.list(TEAM, PIPELINE, job)

    def log(self, job: str, number: str) -> str:
        """A build's log."""
        return b"".join(self.client.builds.log(TEAM, PIPELINE, job, number)).decode()

    def wait(self, job: str, number: str, *statuses: str, timeout: float = DEADLINE_SECONDS) -> dict[str, Any]:
        """The build, once it has one of the statuses; of an ended build, another status fails at once."""

        def found() -> dict[str, Any] | None:
            build = self.get(job, number)
            if build["status"] in statuses:
                return build
            assert build["finished_at"] is None, f"{job} #{number} is {build['status']}: {build['reason']}"
            return None

        return wait_for(found, f"{job} #{number} to be {' or '.join(statuses)}", timeout)

    def run(self, job: str) -> dict[str, Any]:
        """Start a build and wait for its success."""
        return self.wait(job, self.start(job), "succeeded")

    def workers(self) -> dict[str, dict[str, Any]]:
        """The workers by name."""
        return {worker["name"]: worker for worker in self.client.workers.list()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()


class Stream:
    """Builds that somebody keeps starting; `numbers` are those that a server accepted."""

    def __init__(self, builds: Builds, job: str) -> None:
        self._builds = builds
        self._job = job
        self.numbers: list[str] = []

    def figures(self) -> dict[str, int]:
        """Wait for the end of all builds; how many were accepted, lost, ended other than well, and run twice."""
        ends = [self._end(number) for number in self.numbers]
        statuses = Counter(str(build["status"]) for build in ends)
        twice = [build for build in ends if build["attempt"] != 1 or self._runs(build) != 1]
        lost = len(self.numbers) - len({build["id"] for build in ends})
        return {"accepted": len(self.numbers), "lost": lost, "run twice": len(twice), **statuses}

    def _end(self, number: str) -> dict[str, Any]:
        ended = ("succeeded", "failed", "errored", "cancelled")
        return self._builds.wait(self._job, number, *ended, timeout=2 * DEADLINE_SECONDS)

    def _runs(self, build: dict[str, Any]) -> int:
        return self._builds.log(self._job, build["number"]).count(f"ran build {build['id']}\n")


@contextmanager
def stream(builds: Builds, job: str, seconds: float = 0.5) -> Iterator[Stream]:
    """Keep starting builds of the job, one every so many seconds, until the block is left."""
    started = Stream(builds, job)
    ending = gevent.event.Event()

    def go_on() -> None:
        while not ending.wait(seconds):
            started.numbers.append(builds.start(job))

    visitor = gevent.spawn(go_on)
    try:
        yield started
    finally:
        ending.set()
        visitor.get()


@contextmanager
def unharmed(builds: Builds, meanwhile: str, seconds: float = 0.5) -> Iterator[Stream]:
    """Keep starting builds until the block is left; fails unless each of them has run once, to a good end."""
    with stream(builds, "short", seconds) as started:
        yield started
    figures = started.figures()
    tell(f"{meanwhile}: {figures}")
    assert figures["accepted"] > 10
    assert figures == {"accepted": figures["accepted"], "lost": 0, "run twice": 0, "succeeded": figures["accepted"]}


def is_run_by(host: Host, build: dict[str, Any]) -> bool:
    """Tell whether the host, which may be cut off, has processes of the build."""
    return f"/builds/{build['id']}-" in host.inside("ps -ww -e -o args")


def wait_for(condition: Callable[[], T | None], what: str, timeout: float = DEADLINE_SECONDS) -> T:
    """The first true value of the condition; fails when none comes in time."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {timeout:g} s in vain for {what}"
        time.sleep(POLL_SECONDS)
    return found
