"""What a resolution asks of the store: a few lookups when the newest suffices, however long the history."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

import pytest

from pikoci.internal.domain.inputs import Build, Get, Need, Use, resolve
from tests.unit.internal.domain.inputs.memory import MemoryHistory, PastBuild

SIZE = 10_000

Row = TypeVar("Row")


class CountingHistory:
    """Counts the lookups, and the rows that were read."""

    def __init__(self, history: MemoryHistory) -> None:
        self._history = history
        self.lookups = 0
        self.rows = 0

    def newest(self, resource: str) -> int | None:
        self.lookups += 1
        return self._history.newest(resource)

    def after(self, resource: str, version: int) -> Iterator[int]:
        self.lookups += 1
        return self._counted(self._history.after(resource, version))

    def builds(self, job: str, holding: Collection[Need], start: int | None = None) -> Iterator[Build]:
        self.lookups += 1
        return self._counted(self._history.builds(job, holding, start))

    def last_use(self, job: str, get: str, resource: str) -> Use | None:
        self.lookups += 1
        return self._history.last_use(job, get, resource)

    def used(self, job: str, get: str, version: int) -> bool:
        self.lookups += 1
        return self._history.used(job, get, version)

    def mark(self, jobs: Sequence[str], resources: Sequence[str]) -> object:
        self.lookups += len(jobs)
        return self._history.mark(jobs, resources)

    def since(self, mark: object) -> list[Build] | None:
        self.lookups += 1
        return self._history.since(mark)

    def _counted(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            self.rows += 1
            yield row


@pytest.fixture(scope="module")
def long_history() -> MemoryHistory:
    """10,000 versions of two resources, each through 10,000 builds of each of three jobs."""
    history = MemoryHistory()
    for n in range(SIZE):
        history.add_version("code", n)
        history.add_version("docs", SIZE + n)
    for place, job in enumerate(("unit", "lint", "ship")):
        for n in range(SIZE):
            history.add_build(PastBuild(place * SIZE + n, job, {"code": ("code", n), "docs": ("docs", SIZE + n)}))
    return history


def test_the_newest_of_a_long_history_costs_a_few_lookups(long_history: MemoryHistory) -> None:
    counting = CountingHistory(long_history)
    gets = [Get("code", "code", ("unit", "lint", "ship")), Get("docs", "docs", ("unit", "ship")), Get("bare", "code")]

    resolution = resolve("me", gets, counting)

    assert resolution.inputs["code"].version == SIZE - 1
    assert counting.lookups <= 8
    assert counting.rows <= 4


def test_a_job_that_never_succeeded_costs_a_few_lookups(long_history: MemoryHistory) -> None:
    counting = CountingHistory(long_history)

    resolution = resolve("me", [Get("code", "code", ("unit", "broken")), Get("docs", "docs", ("unit",))], counting)

    assert resolution.reasons["code"] == "no version of code has passed job broken"
    assert counting.lookups <= 6
    assert counting.rows <= 6


def test_a_job_that_broke_long_ago_costs_a_few_lookups(long_history: MemoryHistory) -> None:
    long_history.add_build(PastBuild(10**6 + 1, "stale", {"code": ("code", 3)}))
    counting = CountingHistory(long_history)

    resolution = resolve("me", [Get("code", "code", ("unit", "stale"))], counting)

    assert resolution.inputs["code"].version == 3
    assert counting.lookups <= 4
    assert counting.rows <= 2


def test_every_from_the_middle_of_a_long_history_costs_a_few_lookups(long_history: MemoryHistory) -> None:
    long_history.add_build(PastBuild(10**6, "me", {"code": ("code", 5000)}, upstream={"unit": 5000}))
    counting = CountingHistory(long_history)

    resolution = resolve("me", [Get("code", "code", ("unit",), version="every")], counting)

    assert resolution.inputs["code"].version == 5001
    assert counting.lookups <= 7
    assert counting.rows <= 2


def test_a_thousand_upstream_instances_are_no_depth_problem() -> None:
    history = MemoryHistory()
    history.add_version("code", 1)
    jobs = tuple(f"unit--{n}" for n in range(1000))
    for number, job in enumerate(jobs):
        history.add_build(PastBuild(number, job, {"code": ("code", 1)}))

    resolution = resolve("me", [Get("code", "code", jobs)], history)

    assert len(resolution.inputs["code"].upstream) == 1000


def test_builds_of_the_same_versions_are_not_searched_again() -> None:
    history = MemoryHistory()
    for version in (1, 2):
        history.add_version("code", version)
    for job in range(12):
        for n in range(20):
            version = 1 if job < 11 else 2
            history.add_build(PastBuild(100 * job + n, f"j{job}", {"code": ("code", version)}))
    counting = CountingHistory(history)

    resolution = resolve("me", [Get("code", "code", tuple(f"j{n}" for n in range(12)))], counting)

    assert not resolution.ok
    assert counting.lookups < 40, "20 ** 11 without remembering dead ends"
