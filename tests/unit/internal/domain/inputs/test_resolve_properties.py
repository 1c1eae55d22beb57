"""The rule against a brute-force reading of it, on small random histories."""

from __future__ import annotations

from itertools import product

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pikoci.internal.domain.inputs import (
    Build,
    Get,
    Need,
    Pin,
    Resolution,
    new_builds,
    resolve,
)
from tests.unit.internal.domain.inputs.memory import MemoryHistory, PastBuild

RESOURCES = {"code": (1, 2, 3), "docs": (11, 12, 13)}
UPSTREAM = ("unit", "lint", "ship")
FIXED = settings(derandomize=True, deadline=None, max_examples=80, database=None)

pairs = st.sampled_from([(r, v) for r, versions in RESOURCES.items() for v in versions])


@st.composite
def histories(draw: st.DrawFn) -> MemoryHistory:
    """Some builds of three jobs, with versions of two resources, a few of them disabled."""
    history = MemoryHistory()
    for resource, versions in RESOURCES.items():
        for version in versions:
            history.add_version(resource, version)
    for version in draw(st.sets(st.sampled_from([1, 2, 3, 11, 12, 13]), max_size=2)):
        history.disable(version)
    made: list[tuple[int, str]] = []
    for number in range(1, draw(st.integers(0, 12)) + 1):
        job = draw(st.sampled_from(UPSTREAM))
        took = draw(st.fixed_dictionaries({r: st.integers(0, 2) for r in RESOURCES}))
        if draw(st.integers(0, 3)) == 0:
            took.popitem()
        retried = [n for n, j in made if j == job]
        history.add_build(
            PastBuild(
                number,
                job,
                {r: (r, RESOURCES[r][i]) for r, i in took.items()},
                tuple(draw(st.lists(pairs, max_size=1))),
                succeeded=draw(st.integers(0, 4)) > 0,
                retry_of=draw(st.sampled_from(retried)) if retried and draw(st.integers(0, 3)) == 0 else None,
            )
        )
        made.append((number, job))
    return history


@st.composite
def job_gets(draw: st.DrawFn, every: bool) -> list[Get]:
    gets = []
    for number in range(draw(st.integers(1, 3))):
        resource = draw(st.sampled_from(sorted(RESOURCES)))
        version = draw(st.sampled_from(RESOURCES[resource]))
        gets.append(
            Get(
                f"get{number}",
                resource,
                tuple(draw(st.permutations(UPSTREAM)))[: draw(st.sampled_from((1, 1, 2, 3)))],
                version="every" if every and draw(st.booleans()) else None,
                pin=Pin("p", version) if draw(st.integers(0, 5)) == 0 else None,
            )
        )
    return gets


def _connected(gets: list[Get]) -> bool:
    reached, rest = set(gets[0].passed), gets[1:]
    while nearer := [get for get in rest if reached & set(get.passed)]:
        reached |= {job for get in nearer for job in get.passed}
        rest = [get for get in rest if get not in nearer]
    return not rest


def _brute_force(gets: list[Get], succeeded: dict[str, list[Build]]) -> dict[str, int] | None:
    """Of all builds of all jobs with all their versions, the valid combination that comes first."""
    jobs = list(dict.fromkeys(job for get in gets for job in get.passed))
    valid = []
    for builds in product(*(enumerate(succeeded[job]) for job in jobs)):
        chosen = dict(zip(jobs, builds, strict=True))
        valid += [
            (_rank(gets, jobs, chosen, versions), [version for _, version in versions])
            for versions in product(*(_offered(get, chosen) for get in gets))
            if all(
                version in chosen[job][1].of(get.resource)
                for get, (_, version) in zip(gets, versions, strict=True)
                for job in get.passed
            )
        ]
    if not valid:
        return None
    return {get.name: version for get, version in zip(gets, min(valid)[1], strict=True)}


def _offered(get: Get, chosen: dict[str, tuple[int, Build]]) -> list[tuple[int, int]]:
    """What the build of the job that is settled first offers to a get: (rank, version)."""
    first = next(job for job in chosen if job in get.passed)
    versions = chosen[first][1].of(get.resource)
    return [(rank, v) for rank, v in enumerate(versions) if get.pin is None or v == get.pin.version]


def _rank(
    gets: list[Get], jobs: list[str], chosen: dict[str, tuple[int, Build]], versions: tuple[tuple[int, int], ...]
) -> list[tuple[int, list[int]]]:
    """Job by job: how far back its build is, then, for gets not settled before, put out before taken in."""
    settled: set[str] = set()
    ranks = []
    for job in jobs:
        fresh = [(get, rank) for get, (rank, _) in zip(gets, versions, strict=True) if job in get.passed]
        ranks.append((chosen[job][0], [rank for get, rank in fresh if get.name not in settled]))
        settled |= {get.name for get, _ in fresh}
    return ranks


def _succeeded(history: MemoryHistory) -> dict[str, list[Build]]:
    by_job: dict[str, list[Build]] = {}
    for job in UPSTREAM:
        found: dict[int, Build] = {}
        for resource in RESOURCES:
            found.update({build.id: build for build in history.builds(job, [Need(resource)])})
        by_job[job] = sorted(found.values(), key=lambda b: history._place(b.id), reverse=True)
    return by_job


def _check_valid(gets: list[Get], resolution: Resolution, succeeded: dict[str, list[Build]]) -> None:
    held = {build.id: build for builds in succeeded.values() for build in builds}
    used: dict[str, set[int]] = {}
    for get in gets:
        chosen = resolution.inputs[get.name]
        assert set(chosen.upstream) == set(get.passed)
        for job, number in chosen.upstream.items():
            assert (get.resource, chosen.version) in held[number].versions
            used.setdefault(job, set()).add(number)
        assert get.pin is None or chosen.version == get.pin.version
    assert all(len(numbers) == 1 for numbers in used.values())


@FIXED
@given(histories(), job_gets(every=False))
def test_the_newest_set_is_the_one_that_brute_force_finds(history: MemoryHistory, gets: list[Get]) -> None:
    assume(_connected(gets))
    history._disabled -= {get.pin.version for get in gets if get.pin}
    expected = _brute_force(gets, _succeeded(history))

    resolution = resolve("me", gets, history)

    if expected is None:
        assert set(resolution.reasons) == {get.name for get in gets}
        assert not resolution.inputs
    else:
        assert {name: given.version for name, given in resolution.inputs.items()} == expected
        _check_valid(gets, resolution, _succeeded(history))


@FIXED
@given(histories(), job_gets(every=True), st.integers(0, 3))
def test_every_finds_a_valid_set_exactly_when_there_is_one(history: MemoryHistory, gets: list[Get], past: int) -> None:
    assume(_connected(gets))
    history._disabled -= {get.pin.version for get in gets if get.pin}
    latest = [Get(g.name, g.resource, g.passed, pin=g.pin) for g in gets]
    for number in range(past):
        before = resolve("me", gets, history)
        if before.ok:
            upstream = {job: build for given in before.inputs.values() for job, build in given.upstream.items()}
            took = {get.name: (get.resource, before.inputs[get.name].version) for get in gets}
            history.add_build(PastBuild(100 + number, "me", took, upstream=upstream))

    resolution = resolve("me", gets, history)

    assert resolution.ok == resolve("me", latest, history).ok
    if resolution.ok:
        _check_valid(gets, resolution, _succeeded(history))


@FIXED
@given(st.lists(st.one_of(st.just("check"), st.just("look"), st.just("disable")), max_size=25))
def test_a_trigger_builds_each_version_once_and_in_order(events: list[str]) -> None:
    history = MemoryHistory()
    built: list[int] = []
    wanted: list[int] = []
    get, newest = Get("code", "code", trigger=True), 0
    for event in [*events, "look"]:
        if event == "check":
            newest += 1
            history.add_version("code", newest)
            # Before the first build, only the newest version counts.
            wanted = [*wanted, newest] if built else [newest]
        elif event == "disable" and newest > 1 and newest not in built:
            history.disable(newest)
            wanted = [v for v in wanted if v != newest] or (
                [] if built else [v for v in range(1, newest) if v not in history._disabled][-1:]
            )
        elif event == "look":
            for inputs in new_builds("me", [get], history):
                built.append(inputs["code"].version)
                history.add_build(PastBuild(1000 + len(built), "me", {"code": ("code", built[-1])}))
            assert built == [v for v in wanted if v in built]
            wanted = built.copy()
    assert len(set(built)) == len(built)


@FIXED
@given(st.lists(st.one_of(st.integers(1, 6), st.just("look")), max_size=25))
def test_every_builds_each_version_that_passes_once(events: list[int | str]) -> None:
    history = MemoryHistory()
    built: list[int] = []
    passed: list[int] = []
    for version in range(1, 7):
        history.add_version("code", version)
    get = Get("code", "code", ("unit",), trigger=True, version="every")
    for number, event in enumerate([*events, "look"], start=1):
        if isinstance(event, int):
            history.add_build(PastBuild(number, "unit", {"code": ("code", event)}))
            passed = [*passed, event] if built else [event]
            continue
        for inputs in new_builds("me", [get], history):
            given = inputs["code"]
            built.append(given.version)
            took = {"code": ("code", given.version)}
            history.add_build(PastBuild(1000 + len(built), "me", took, upstream=given.upstream))
        assert sorted(built) == sorted(set(built)), "a version was built twice"
        assert set(passed) <= set(built), "a version that passed was left out"
