"""Random lives: whatever happens in whatever order, the promises hold, and in the end every build has ended."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from pikoci.internal.domain.build import TRANSITIONS, Build, BuildStatus, StepStatus
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.events import BuildReturned
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import ServiceSettings
from tests.integration.internal.service.test_approvals import approve, person, reject
from tests.integration.internal.service.test_trigger import limited
from tests.integration.internal.service.world import PLAIN, World
from tests.services.memory_store import memory_store

PIPELINE = (
    PLAIN
    + limited("concurrency = 2").replace('job "run"', 'job "two"')
    + limited('serial_groups = ["g"]').replace('job "run"', 'job "left"')
    + limited('serial_groups = ["g"]\n      requeue_on_worker_loss = false').replace('job "run"', 'job "right"')
    + limited("interruptible = true\n      concurrency = 2").replace('job "run"', 'job "newest"')
    + limited("allow_failure = true").replace('job "run"', 'job "loose"')
    + limited('interruptible = true\n approve "by" {\n approvals = 2\n timeout = "2m"\n }').replace('"run"', '"asked"')
)
JOBS = ("run", "two", "left", "right", "newest", "loose", "asked")
STEPS = 250


class Worker:
    """What a worker knows: the claims it believes to hold, and how many events of each it sent."""

    def __init__(self) -> None:
        self.instance = 1
        self.held: dict[int, tuple[int, int]] = {}


class Life:
    """One random history; every action may fail in the ways that the contract allows."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.worker = Worker()
        self.known: dict[int, Build] = {}
        self.people = [world.alice, person(world, "bob"), person(world, "carol")]
        often = [self.trigger, self.claim, self.claim, self.report, self.report, self.repeat, self.beat, self.look]
        seldom = [self.give_back, self.cancel, self.die, self.wait, self.outage, self.pause, self.vote]
        self.actions: list[Callable[[], None]] = [*often, *often, *often, *seldom]
        world.set(PIPELINE)
        world.register("1")

    def step(self) -> None:
        self.random.choice(self.actions)()
        self.check()

    def trigger(self) -> None:
        self.world.trigger(self.random.choice(JOBS))

    def claim(self) -> None:
        for build_id in self.world.publisher.take():
            try:
                assignment = self.world.services.gateway.claim_build(build_id, "w", str(self.worker.instance))
            except ConflictError:
                continue
            self.worker.held[build_id] = (assignment.claim, 0)

    def report(self) -> None:
        self._report(repeat=0)

    def repeat(self) -> None:
        self._report(repeat=2)

    def _report(self, repeat: int) -> None:
        if not self.worker.held:
            return
        build_id = self.random.choice(list(self.worker.held))
        claim, sent = self.worker.held[build_id]
        status = self.random.choice([BuildStatus.SUCCEEDED, BuildStatus.FAILED])
        events = self.world.events(status)
        start, end = max(0, sent - repeat), self.random.randint(sent, len(events))
        try:
            self.world.services.gateway.report(build_id, claim, start + 1, events[start:end])
        except ConflictError:
            del self.worker.held[build_id]
            return
        self.worker.held[build_id] = (claim, max(sent, end))
        if end == len(events):
            del self.worker.held[build_id]

    def give_back(self) -> None:
        for build_id, (claim, sent) in list(self.worker.held.items())[:1]:
            del self.worker.held[build_id]
            event = BuildReturned(at=self.world.clock.now(), reason="drained")
            with suppress(ConflictError):
                self.world.services.gateway.report(build_id, claim, sent + 1, [event])

    def cancel(self) -> None:
        waiting = [build for build in self.known.values() if not build.status.is_final]
        if waiting:
            build = self.random.choice(waiting)
            with suppress(ConflictError):
                self.world.services.builds.cancel(self.world.alice, "main", "p", build.job, build.name)

    def vote(self) -> None:
        for build in self.world.builds("asked"):
            with suppress(ConflictError):
                if self.random.random() < 0.1:
                    reject(self.world, build, self.random.choice(self.people))
                else:
                    approve(self.world, build, self.random.choice(self.people))

    def beat(self) -> None:
        claims = [ClaimRef(id=build_id, claim=claim) for build_id, (claim, _) in self.worker.held.items()]
        for lost in self.world.beat(claims, str(self.worker.instance)):
            del self.worker.held[lost.id]

    def die(self) -> None:
        self.worker.instance += 1
        self.worker.held.clear()
        self.world.register(str(self.worker.instance))

    def wait(self) -> None:
        self.world.clock.advance(self.random.choice([1, 10, 40]))

    def look(self) -> None:
        self.world.services.scheduling.sweep()
        self.world.schedule()
        waiting = [build for build in self.world.builds("newest") if build.status is BuildStatus.PENDING]
        assert len(waiting) <= 1 or self.is_paused("newest")

    def outage(self) -> None:
        self.world.publisher.messages.clear()
        self.world.publisher.away = self.random.random() < 0.3

    def pause(self) -> None:
        act = self.random.choice([self.world.services.jobs.pause, self.world.services.jobs.unpause])
        act(self.world.alice, "main", "p", self.random.choice(JOBS))

    def is_paused(self, job: str) -> bool:
        return self.world.services.jobs.get(self.world.alice, "main", "p", job).job.paused

    def finish(self) -> None:
        """Everything works again: what is left must come to its end."""
        self.world.publisher.away = False
        self.world.publisher.messages.clear()
        for job in JOBS:
            self.world.services.jobs.unpause(self.world.alice, "main", "p", job)
        self.die()
        for _ in range(STEPS):
            self.world.clock.advance(5)
            self.look()
            self.claim()
            self.beat()
            for _ in range(4):
                self.report()
            self.check()
        assert {build.status for build in self.known.values() if not build.status.is_final} == set()

    def check(self) -> None:
        now = {build.id: build for job in JOBS for build in self.world.builds(job)}
        for build_id, before in self.known.items():
            after = now[build_id]
            assert after.claim >= before.claim
            assert not before.status.is_final or after == before
            assert after.status is before.status or after.status in reachable(before.status)
        self.known = now
        running = [build.job for build in now.values() if build.status is BuildStatus.STARTED]
        assert running.count("two") <= 2
        assert running.count("left") + running.count("right") <= 1
        for build in now.values():
            if build.job == "asked" and build.claim:
                assert len(self.world.store.builds.votes(build.id)) >= 2
            assert build.status not in ((BuildStatus.FAILED,) if build.job == "loose" else (BuildStatus.WARNING,))
            if build.status.is_final:
                steps = self.world.store.builds.steps(build.id) if build.claim else []
                assert StepStatus.STARTED not in {step.status for step in steps}


def reachable(status: BuildStatus) -> set[BuildStatus]:
    """Every status that some moves lead to: an action may make more than one."""
    found = set(TRANSITIONS[status])
    while more := {after for before in found for after in TRANSITIONS[before]} - found:
        found |= more
    return found


@pytest.fixture
def small_store() -> Store:
    return memory_store()


@pytest.mark.parametrize("seed", range(6))
def test_a_random_life_keeps_every_promise(small_store: Store, seed: int) -> None:
    life = Life(World(small_store, ServiceSettings(max_requeues=5)), seed)
    for _ in range(STEPS):
        life.step()
    life.finish()
    small_store.close()
