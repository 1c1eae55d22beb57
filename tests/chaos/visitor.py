"""Clients that start builds, whatever happens, and remember what was promised to them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from random import Random

import gevent

from pikoci.pkg.client import Client
from pikoci.pkg.client.errors import ApiError, ClientError, ServerUnreachableError
from pikoci.pkg.client.retry import RetryPolicy
from tests.chaos import jobs
from tests.chaos.world import PASSWORD, USER, World

_REPEATS = 0.15
_AWAY = frozenset({429, 502, 503, 504})
_REQUEST_SECONDS = 4.0


class Visitor:
    """`accepted` holds job and number of every build that a server promised, `refused` what should not happen."""

    def __init__(self, world: World, random: Random) -> None:
        policy = RetryPolicy(attempts=2)
        self.clients = [Client(url, timeout=_REQUEST_SECONDS, policy=policy) for url in world.urls]
        self.accepted: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self.retries = 0
        self._settings = world.settings
        self._random = random

    def arrive(self) -> None:
        """Wait for the servers, log in, set the pipeline."""
        for client in self.clients:
            self.persist(client.ready)
        token = self.clients[0].login(USER, PASSWORD)
        for client in self.clients:
            client._transport.token = token
        folder = self._settings.folder
        self.clients[0].pipelines.set(jobs.TEAM, jobs.PIPELINE, jobs.CONFIG, jobs.variables(folder))

    def start_builds(self, seconds: float) -> None:
        """Start all builds, spread over the time, each with a key of its own."""
        count = self._settings.builds
        random = self._random
        wishes = [(jobs.choose(random), random.getrandbits(128), random.random() < _REPEATS) for _ in range(count)]
        visits = []
        for job, bits, again in wishes:
            gevent.sleep(seconds / count)
            visits.append(gevent.spawn(self._start, job, str(uuid.UUID(int=bits, version=4)), again))
        gevent.joinall(visits, raise_error=True)

    def _start(self, job: str, key: str, again: bool) -> None:
        number = self._trigger(job, key)
        if number is not None:
            self.accepted.append((job, number))
        if number is not None and job == jobs.APPROVED:
            self._approve(job, number)
        if again and number is not None and (repeated := self._trigger(job, key)) != number:
            self.refused.append(f"{job}: the same key gave build {number}, then {repeated}")

    def _trigger(self, job: str, key: str) -> str | None:
        """Ask one server after the other, until one accepts."""
        give_up = time.monotonic() + self._settings.patience
        turn = self._random.randrange(len(self.clients))
        while time.monotonic() < give_up:
            turn += 1
            client = self.clients[turn % len(self.clients)]
            try:
                return str(client.builds.trigger(jobs.TEAM, jobs.PIPELINE, job, key=key)["number"])
            except ApiError as error:
                if error.status not in _AWAY:
                    self.refused.append(f"{job}: {error.status} {error.detail}")
                    return None
            except ServerUnreachableError:
                pass
            self.retries += 1
            gevent.sleep(0.25)
        self.refused.append(f"{job}: no server accepted the build in {self._settings.patience:.0f} s")
        return None

    def _approve(self, job: str, number: str) -> None:
        client = self._random.choice(self.clients)

        def vote() -> None:
            try:
                client.builds.approve(jobs.TEAM, jobs.PIPELINE, job, number)
            except ApiError as error:
                if error.status != 409:  # an earlier try was taken, its answer lost, and the build has ended
                    raise

        self.persist(vote)

    def log(self, job: str, number: str) -> str:
        """A build's log."""
        parts = self.clients[0].builds.log(jobs.TEAM, jobs.PIPELINE, job, number)
        return b"".join(parts).decode(errors="replace")

    def close(self) -> None:
        """Hang up."""
        for client in self.clients:
            client.close()

    def persist(self, call: Callable[[], object]) -> None:
        """Call until it works."""
        give_up = time.monotonic() + self._settings.patience
        while True:
            try:
                call()
            except ClientError:
                if time.monotonic() > give_up:
                    raise
                gevent.sleep(0.1)
            else:
                return
