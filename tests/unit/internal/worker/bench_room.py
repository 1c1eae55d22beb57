"""A worker with everything around it, for tests: fake server and queues, real processes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import gevent
import msgspec

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.gateway import (
    AnnouncementAssignment,
    AnnouncementResult,
    BuildAssignment,
    BuildInfo,
    CheckAssignment,
)
from pikoci.internal.domain.plan import Command, JobPlan, Resource, ResourceType, Step, TaskStep
from pikoci.internal.domain.queues import announcement_message
from pikoci.internal.worker.process import Spawner
from pikoci.internal.worker.settings import WorkerSettings, inherit_environment
from pikoci.internal.worker.worker import Worker
from tests.unit.internal.worker.fake_gateway import FakeGateway, Record
from tests.unit.internal.worker.fake_queue import FakeSubscription

_instances = count(1)


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for a condition; fail after a deadline."""
    with gevent.Timeout(seconds, AssertionError(f"not within {seconds} s")):
        while not condition():
            gevent.sleep(0.005)


def settings_for(root: Path, **changes: Any) -> WorkerSettings:
    base = WorkerSettings(
        name="w1",
        instance=f"i{next(_instances)}",
        version="0",
        workdir=root / "work",
        spool_dir=root / "spool",
        environment=inherit_environment({"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(root)}),
        backoff_first=0.01,
        backoff_longest=0.05,
        receive_timeout=0.1,
        kill_grace=0.3,
        flush_interval=0.1,
        shutdown_hook_budget=0.9,
        shutdown_patience=0.3,
        report_patience=0.3,
    )
    return msgspec.structs.replace(base, **changes)


class Room:
    """One worker at work. `run_job` brings it a build and waits for the end."""

    def __init__(self, root: Path, gateway: FakeGateway | None = None, **changes: Any) -> None:
        self.settings = settings_for(root, **changes)
        self.gateway = gateway or FakeGateway()
        self.jobs = FakeSubscription()
        self.checks = FakeSubscription()
        self.worker = Worker(
            self.gateway,
            {"jobs": self.jobs, "checks": self.checks},
            Spawner(self.settings.mark),
            self.settings,
            SystemClock(),
            Random(1),
        )
        self.greenlet = gevent.spawn(self.worker.run)

    def submit(self, *steps: Step, **plan: Any) -> Record:
        """Ring for a build of these steps; keywords that are no part of a job go into the assignment."""
        assignment = assignment_of(len(self.gateway.builds) + 1, list(steps), **plan)
        record = self.gateway.add_build(assignment)
        self.jobs.put(str(assignment.build.id).encode())
        return record

    def run_job(self, *steps: Step, seconds: float = 30.0, **plan: Any) -> Record:
        record = self.submit(*steps, **plan)
        wait_until(lambda: record.ended, seconds)
        return record

    def check(self, resource: Resource, kind: ResourceType, seconds: float = 30.0, **more: Any) -> Any:
        """Run one check and give its result."""
        number = len(self.gateway.checks) + 1
        base = CheckAssignment(
            resource_id=number, claim=1, lease=self.gateway.terms.lease, team="main", pipeline="p", resource=resource,
            resource_type=kind, runner_types=[], previous=None,
        )  # fmt: skip
        self.gateway.checks[number] = msgspec.structs.replace(base, **more)
        self.checks.put(str(number).encode())
        wait_until(lambda: number in self.gateway.results, seconds)
        return self.gateway.results[number]

    def submit_announcement(self, step: Step, **plan: Any) -> int:
        """Ring for an announcement that this step sends; its id."""
        number = len(self.gateway.announcements) + 1
        self.gateway.announcements[number] = AnnouncementAssignment(
            announcement_id=number, claim=3, lease=30.0, work=assignment_of(42, [step], claim=0, **plan),
            text="main/app/unit#3.1 waits for approval: release has 0 of 1 approvals",
        )  # fmt: skip
        self.checks.put(announcement_message(number))
        return number

    def announce(self, step: Step, **plan: Any) -> AnnouncementResult:
        """Have one announcement sent and give its result."""
        number = self.submit_announcement(step, **plan)
        wait_until(lambda: number in self.gateway.announced)
        return self.gateway.announced[number]

    def end(self) -> None:
        if not self.greenlet.dead:
            self.worker.cancel_all("the test ended")
        self.greenlet.join(timeout=30)
        assert self.greenlet.dead
        self.greenlet.get()


def assignment_of(number: int, steps: list[Step], **plan: Any) -> BuildAssignment:
    own = {name: plan.pop(name) for name in list(plan) if name in BuildAssignment.__struct_fields__}
    base = BuildAssignment(
        build=BuildInfo(id=number, number="3.1", job="unit", pipeline="app", team="main", url="http://ci/b/1"),
        claim=1,
        lease=own.pop("lease", 30.0),
        job=JobPlan(name="unit", steps=steps, **plan),
        resources=[],
        resource_types=[],
        runner_types=[],
        inputs={},
    )
    return msgspec.structs.replace(base, **own)


@contextmanager
def worker_room(root: Path, gateway: FakeGateway | None = None, **changes: Any) -> Generator[Room]:
    room = Room(root, gateway, **changes)
    try:
        yield room
    finally:
        room.end()


def sh(script: str) -> Command:
    return Command(runner="shell", params={"cmd": script})


def task(script: str, id: str = "1", name: str = "t", **more: Any) -> TaskStep:  # noqa: A002 - as the plan calls it
    return TaskStep(id=id, name=name, run=sh(script), **more)
