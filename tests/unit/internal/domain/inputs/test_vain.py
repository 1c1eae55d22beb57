"""What was searched for in vain is not searched for again, and makes no difference to any answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikoci.internal.domain.inputs import Get, Pin, VainSearches, resolve
from tests.unit.internal.domain.inputs.memory import MemoryHistory, PastBuild
from tests.unit.internal.domain.inputs.test_resolve_cost import CountingHistory
from tests.unit.internal.domain.inputs.test_resolve_properties import FIXED, RESOURCES, UPSTREAM, job_gets

VERSIONS = [(resource, version) for resource, versions in RESOURCES.items() for version in versions]
PINNED = Get("code", "code", ("unit", "lint"), pin=Pin("2", 2))

took = st.fixed_dictionaries({name: st.sampled_from(versions) for name, versions in RESOURCES.items()})
events = st.one_of(
    st.tuples(st.just("start"), st.sampled_from(UPSTREAM), took),
    st.tuples(st.just("succeed"), st.integers(0, 3)),
    st.tuples(st.just("retry"), st.integers(0, 5)),
    st.tuples(st.just("toggle"), st.sampled_from(VERSIONS)),
)


class Life:
    """A pipeline in which builds start, succeed in any order and are retried, and versions are enabled and disabled."""

    def __init__(self) -> None:
        self.history = MemoryHistory()
        self._running: list[PastBuild] = []
        self._ended: list[PastBuild] = []
        self._disabled: set[int] = set()
        for resource, version in VERSIONS:
            self.history.add_version(resource, version)

    def happen(self, event: tuple[object, ...]) -> None:
        match event:
            case ("start", str(job), dict(took)):
                self._start(PastBuild(self._next(), job, {r: (r, v) for r, v in took.items()}, succeeded=False))
            case ("succeed", int(place)) if self._running:
                build = self._running.pop(place % len(self._running))
                self._ended.append(replace(build, succeeded=True))
                self.history.add_build(self._ended[-1])
            case ("retry", int(place)) if self._ended:
                old = self._ended[place % len(self._ended)]
                first = old.id if old.retry_of is None else old.retry_of
                self._start(replace(old, id=self._next(), retry_of=first, succeeded=False))
            case ("toggle", (_, int(version))):
                self._disabled ^= {version}
                (self.history.disable if version in self._disabled else self.history.enable)(version)

    def _start(self, build: PastBuild) -> None:
        self._running.append(build)
        self.history.add_build(build)

    def _next(self) -> int:
        return len(self._running) + len(self._ended) + 1


@FIXED
@given(st.lists(events, max_size=40), job_gets(every=False), st.booleans())
def test_with_all_that_is_known_the_answer_is_the_same(
    happenings: list[tuple[object, ...]], gets: list[Get], pinned: bool
) -> None:
    life, known = Life(), VainSearches()
    for event in happenings:
        life.happen(event)
        for wanted in (gets, [PINNED]) if pinned else (gets,):
            assert resolve("me", wanted, life.history, known) == resolve("me", wanted, life.history)


@pytest.fixture
def long_history() -> MemoryHistory:
    history = MemoryHistory()
    for version in range(2000):
        history.add_version("code", version)
        history.add_build(PastBuild(version, "unit", {"code": ("code", version)}))
        history.add_build(PastBuild(10_000 + version, "lint", {"code": ("code", 5000 + version)}))
    return history


def cost(history: MemoryHistory, known: VainSearches, *gets: Get) -> int:
    counting = CountingHistory(history)
    resolve("me", gets, counting, known)
    return counting.lookups + counting.rows


def test_a_search_that_finds_something_costs_no_more(long_history: MemoryHistory) -> None:
    known, get = VainSearches(), Get("code", "code", ("unit",))
    plain = CountingHistory(long_history)
    resolve("me", [get], plain)
    assert [cost(long_history, known, get) for _ in range(2)] == [plain.lookups + plain.rows] * 2


def test_a_later_search_in_vain_looks_only_for_news(long_history: MemoryHistory) -> None:
    known, get = VainSearches(), Get("code", "code", ("unit", "broken"))
    pair = Get("code", "code", ("unit", "lint")), Get("docs", "code", ("unit", "lint"))
    for gets in ((get,), pair):
        cost(long_history, known, *gets)
        cost(long_history, known, *gets)
        assert cost(long_history, known, *gets) == 1
    long_history.add_build(PastBuild(50_000, "unit", {"code": ("code", 7)}))
    assert cost(long_history, known, *pair) < 30
    assert cost(long_history, known, *pair) == 1


def test_what_never_passed_together_is_not_tried_again_for_each_build() -> None:
    history, known = MemoryHistory(), VainSearches()
    for version in range(300):
        history.add_version("code", version)
        history.add_version("docs", 1000 + version)
        for place, job in enumerate(("unit", "lint")):
            took = {"code": ("code", version), "docs": ("docs", 1000 + (version + place) % 300)}
            history.add_build(PastBuild(1000 * place + version, job, took))
    gets = [Get(name, name, ("unit", "lint")) for name in ("code", "docs")]
    for _ in range(2):
        assert cost(history, known, *gets) > 300
    history.add_build(PastBuild(5000, "unit", {"code": ("code", 7), "docs": ("docs", 1007)}))
    assert cost(history, known, *gets) < 30
    history.add_build(PastBuild(5001, "lint", {"code": ("code", 7), "docs": ("docs", 1007)}))
    assert resolve("me", gets, history, known).ok


def test_jobs_with_the_same_gets_search_once(long_history: MemoryHistory) -> None:
    known, get = VainSearches(), Get("code", "code", ("unit", "broken"))
    for _ in range(2):
        cost(long_history, known, get)
    counting = CountingHistory(long_history)
    resolve("other", [replace(get, trigger=True, version="every")], counting, known)
    assert counting.lookups <= 2  # with where its last use left off


def test_what_is_known_is_bounded() -> None:
    known, history = VainSearches(most=3), MemoryHistory()
    for number in range(10):
        resolve("me", [Get("code", f"r{number}", ("unit",))], history, known)
    assert len(known._kept) == 3
