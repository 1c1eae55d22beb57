"""What must be true when everything works again and all builds have ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import gevent

from tests.chaos import jobs
from tests.chaos.family import mentioning
from tests.chaos.logs import missing_or_doubled, shown_parts, tracebacks
from tests.chaos.marks import Span, outside, overlaps, read_checks, read_marks
from tests.chaos.visitor import Visitor
from tests.chaos.world import World

#: Seconds by which a check may be late while broker and database are there: a message that was lost, the sweeper's
#: period, a lease, and the longest pause between tries.
LATENESS = 35.0
_OPEN = ("pending", "waiting", "started")
_BUILDS = """
    SELECT b.id, j.name, b.number, b.status, b.reason, b.claim, b.requeues, b.lease_expires_at
    FROM builds b JOIN jobs j ON j.id = b.job_id JOIN pipelines p ON p.id = j.pipeline_id
    WHERE p.name = 'chaos' ORDER BY b.id
"""
_STEPS = """
    SELECT s.build_id, s.claim, s.step, s.status
    FROM build_steps s JOIN builds b ON b.id = s.build_id JOIN pipelines p ON p.id = b.pipeline_id
    WHERE p.name = 'chaos' ORDER BY s.build_id, s.claim, s.step
"""
# The newest alone: a build of an upstream job that overtook an older one hides that from `every`, as in Concourse.
_UNUSED = """
    SELECT m.number FROM builds m JOIN jobs j ON j.id = m.job_id
    WHERE j.name = 'make' AND m.number = (SELECT max(number) FROM builds WHERE job_id = j.id) AND NOT EXISTS (
        SELECT 1 FROM build_versions o JOIN build_versions i ON i.version_id = o.version_id AND NOT i.is_output
        JOIN builds u ON u.id = i.build_id AND u.status = 'succeeded'
        WHERE o.build_id = m.id AND o.is_output)
"""
_UNAPPROVED = """
    SELECT b.number FROM builds b JOIN jobs j ON j.id = b.job_id
    WHERE j.name = 'release' AND b.claim > 0 AND (SELECT count(*) FROM build_votes v WHERE v.build_id = b.id) <> 1
"""
_CHECK_LEASES = "SELECT type, name FROM resources WHERE check_lease_expires_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Row:
    """A build as the database has it; `claim` counts its attempts."""

    id: int
    job: str
    number: int
    status: str
    reason: str
    claim: int
    requeues: int
    lease: float | None

    def __str__(self) -> str:
        return f"{self.job} #{self.number} (build {self.id}, attempt {self.claim}, {self.status})"


def read_builds(world: World) -> list[Row]:
    """All builds."""
    return [Row(*row) for row in world.query(_BUILDS)]


def wait_for_end(world: World, seconds: float) -> list[Row]:
    """The builds that have not ended within so many seconds of quiet."""
    give_up = time.monotonic() + seconds
    calm = 0
    while time.monotonic() < give_up and calm < 3:
        gevent.sleep(0.5)
        calm = 0 if _open(read_builds(world)) or world.query(_UNUSED) else calm + 1
    return _open(read_builds(world))


def _open(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.status in _OPEN]


def broken_promises(world: World, visitor: Visitor, rows: Sequence[Row], outages: Sequence[Span]) -> Iterator[str]:
    """Everything that is wrong with the builds, while servers still answer. For `outages` see `Trouble`."""
    yield from (f"refused: {what}" for what in visitor.refused)
    yield from _accepted(visitor, rows)
    yield from _ends(rows)
    yield from (f"two attempts at a time: {what}" for what in overlaps(read_marks(world.folder)))
    for row in rows:
        log = visitor.log(row.job, str(row.number))
        yield from (f"{row}: log: {what}" for what in missing_or_doubled(row.job, row.id, row.claim, log))
        yield from (f"{row}: log: shows {part!r} of the password" for part in shown_parts(jobs.PASSWORD, log))
    yield from _steps(world.query(_STEPS), {row.id: row for row in rows})
    yield from (f"release #{number}: it ran without one person's approval" for (number,) in world.query(_UNAPPROVED))
    yield from (f"make #{number}: nobody used what it made" for (number,) in world.query(_UNUSED))
    yield from _gaps(world, outages)


def left_behind(world: World) -> Iterator[str]:
    """What is still there after every worker was drained and every server has ended."""
    yield from (f"{row}: has a lease still" for row in read_builds(world) if row.lease is not None)
    yield from (f"{kind}.{name}: its check has a lease still" for kind, name in world.query(_CHECK_LEASES))
    for workdir in world.workdirs():
        left = [*workdir.glob("builds/*"), *workdir.glob("checks/*"), *workdir.glob("spool/*.spool")]
        yield from (f"left over: {path.relative_to(world.folder)}" for path in left)
    yield from (f"still running: {command}" for command in mentioning(str(world.folder)))
    for daemon in world.daemons.values():
        yield from tracebacks(daemon.log)
        shown = shown_parts(jobs.PASSWORD, daemon.log.read_text(errors="replace"))
        yield from (f"{daemon.log.name}: shows {part!r} of the password" for part in shown)


def _accepted(visitor: Visitor, rows: Sequence[Row]) -> Iterator[str]:
    there = Counter((row.job, str(row.number)) for row in rows if row.job in jobs.STARTED)
    promised = Counter(visitor.accepted)
    yield from (f"{job} #{number} was accepted {times} times" for (job, number), times in promised.items() if times > 1)
    yield from (f"{job} #{number} was accepted and is gone" for job, number in promised - there)
    unasked = Counter(job for job, _ in there - promised)
    yield from (f"{job}: {count} more builds than anybody asked for" for job, count in unasked.items())


def _ends(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.status != jobs.expected_status(row.job):
            yield f"{row}: {row.reason}"


def _steps(steps: Sequence[tuple[Any, ...]], rows: dict[int, Row]) -> Iterator[str]:
    """Every step has ended, and only attempts that the build had are there."""
    for build_id, claim, step, status in steps:
        row = rows[build_id]
        if status == "started" or claim > row.claim:
            yield f"{row}: step {step} of attempt {claim} is {status}"
        if claim == row.claim and row.status == "succeeded" and status != "succeeded":
            yield f"{row}: step {step} is {status}"


def _gaps(world: World, outages: Sequence[Span]) -> Iterator[str]:
    longest = longest_gap(world, outages)
    if longest > jobs.CHECK_INTERVAL + LATENESS:
        yield f"a resource was not checked for {longest:.0f} s, in which broker and database were there"


def longest_gap(world: World, outages: Sequence[Span] = ()) -> float:
    """The longest time between two checks of a resource, the last one and now included, but for outages."""
    checks, now = read_checks(world.folder), time.clock_gettime(time.CLOCK_BOOTTIME)
    spans = [span for name in jobs.CHECKED for span in pairwise([*sorted(checks.get(name, [])), now])]
    seen = all(checks.get(name) for name in jobs.CHECKED)
    return max(outside(span, outages) for span in spans) if seen else float("inf")
