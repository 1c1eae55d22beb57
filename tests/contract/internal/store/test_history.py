"""What input resolution reads from a store is what it reads from memory."""

from itertools import chain
from random import Random

import pytest

from pikoci.internal.domain.build import BuildStatus, InputChoice
from pikoci.internal.domain.inputs import History, Need
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World
from tests.unit.internal.domain.inputs.memory import MemoryHistory, PastBuild

JOBS = ("a", "b")
RESOURCES = ("git.x", "git.y")


class Twins:
    """The same past in a store and in memory."""

    def __init__(self, world: World) -> None:
        self.world, self.store, self.memory = world, world.store, MemoryHistory()
        self.pipeline = world.pipeline().id
        self.jobs = dict(zip(JOBS, world.jobs(*JOBS), strict=True))
        self.resources = {name: world.resource(name).id for name in RESOURCES}
        self.versions: dict[str, list[int]] = {name: [] for name in RESOURCES}
        self.builds: list[tuple[str, int, int]] = []

    def add_version(self, resource: str) -> None:
        ref = len(self.versions[resource])
        version = self.world.versions(ref, resource=resource)[0].id
        self.versions[resource].append(version)
        self.memory.add_version(resource, version)

    def find_again(self, resource: str, version: int) -> None:
        stored = self.store.versions.get(version)
        assert stored
        self.world.versions(stored.version["ref"], resource=resource)
        self.memory.add_version(resource, version)

    def add_output(self, resource: str) -> None:
        ref = len(self.versions[resource])
        with self.store.transaction():
            version = self.store.versions.record(self.resources[resource], {"ref": ref}, now=2.0).id
        self.versions[resource].append(version)
        self.memory.add_output(resource, version)

    def disable(self, version: int) -> None:
        self.memory.disable(version)
        with self.store.transaction():
            self.store.versions.set_disabled(version, True)

    def add_build(
        self,
        job: str,
        took: dict[str, tuple[str, int]],
        put: tuple[tuple[str, int], ...] = (),
        retry_of: tuple[int, int] | None = None,
        *,
        succeeded: bool = True,
        **upstream: int,
    ) -> int:
        inputs = [
            InputChoice(get=get, resource_id=self.resources[name], version_id=version, upstream=upstream)
            for get, (name, version) in took.items()
        ]
        passing = (BuildStatus.SUCCEEDED, BuildStatus.WARNING)[len(self.builds) % 2]
        status = passing if succeeded else BuildStatus.FAILED
        number = retry_of[1] if retry_of else 0
        build = self.world.build(self.jobs[job], inputs, status=status, finished_at=9.0, number=number)
        with self.store.transaction():
            for name, version in put:
                self.store.builds.add_output(build.id, "put", self.resources[name], version)
        first = retry_of[0] if retry_of else None
        self.memory.add_build(PastBuild(build.id, job, took, put, succeeded, first, upstream))
        if not retry_of:
            self.builds.append((job, build.id, build.number))
        return build.id

    def both(self) -> tuple[History, History]:
        return self.store.history(self.pipeline), self.memory


@pytest.fixture
def twins(world: World) -> Twins:
    return Twins(world)


def past(twins: Twins, random: Random) -> None:
    for _ in range(40):
        resource = random.choice(RESOURCES)
        if random.random() < 0.3 or not all(twins.versions.values()):
            random.choice([twins.add_version, twins.add_output])(resource)
            continue
        if random.random() < 0.2:
            twins.find_again(resource, random.choice(twins.versions[resource]))
            continue
        if random.random() < 0.1:
            twins.disable(random.choice(twins.versions[resource]))
            continue
        took = {get: (name, random.choice(twins.versions[name])) for get, name in (("one", "git.x"), ("two", "git.y"))}
        if random.random() < 0.3:
            took.pop("two")
        put = (("git.y", random.choice(twins.versions["git.y"])),) if random.random() < 0.4 else ()
        again = random.choice(twins.builds) if twins.builds and random.random() < 0.3 else None
        job = again[0] if again else random.choice(JOBS)
        twins.add_build(job, took, put, again[1:] if again else None, succeeded=random.random() < 0.8, a=1, b=2)


def needs(twins: Twins, random: Random) -> list[Need]:
    made = []
    for name in random.sample(RESOURCES, random.randint(1, 2)):
        version = random.choice([None, *twins.versions[name]])
        made.append(Need(name, version, tuple(random.sample(JOBS, random.randint(0, 2)))))
    return made


@pytest.mark.parametrize("seed", range(8))
def test_a_random_past_is_answered_as_from_memory(twins: Twins, seed: int) -> None:
    random = Random(seed)
    past(twins, random)
    stored, memory = twins.both()
    for name in RESOURCES:
        assert stored.newest(name) == memory.newest(name)
        for version in twins.versions[name]:
            assert list(stored.after(name, version)) == list(memory.after(name, version))
    for job in JOBS:
        for get in ("one", "two"):
            for name in RESOURCES:
                assert stored.last_use(job, get, name) == memory.last_use(job, get, name)
            for version in chain(*twins.versions.values()):
                assert stored.used(job, get, version) == memory.used(job, get, version)
        for _ in range(20):
            wanted = needs(twins, random)
            places = [None, *(build for owner, build, _ in twins.builds if owner == job)]
            start = random.choice(places)
            found = [(one.id, one.put_out, sorted(one.versions)) for one in stored.builds(job, wanted, start)]
            known = memory.builds(job, wanted, start)
            assert found == [(one.id, one.put_out, sorted(one.versions)) for one in known], wanted


def test_an_unknown_name_has_no_past(twins: Twins) -> None:
    twins.add_version("git.x")
    twins.add_build("a", {"one": ("git.x", twins.versions["git.x"][0])})
    stored, _ = twins.both()
    assert stored.newest("git.none") is None
    assert stored.newest("none") is None
    assert list(stored.after("git.none", 0)) == []
    assert list(stored.builds("none", [Need("git.x")])) == []
    assert list(stored.builds("a", [Need("git.none")])) == []
    assert list(stored.builds("a", [Need("git.x", None, ("none",))])) == []
    assert list(stored.builds("a", [])) == []
    assert stored.last_use("none", "one", "git.x") is None
    assert stored.last_use("a", "one", "git.none") is None
    assert not stored.used("none", "one", 1)


def test_what_was_put_out_comes_before_what_was_taken_in(twins: Twins) -> None:
    for _ in range(4):
        twins.add_version("git.x")
    one, two, three, four = twins.versions["git.x"]
    build = twins.add_build("a", {"x": ("git.x", one), "y": ("git.x", three)}, (("git.x", two), ("git.x", four)))
    stored, memory = twins.both()
    for history in (stored, memory):
        found = next(iter(history.builds("a", [Need("git.x")])))
        assert (found.id, found.of("git.x"), found.each_of("git.x")) == (build, [four, two, one, three], [two, four])


def test_many_pages_are_read_on(twins: Twins) -> None:
    versions = [version.id for version in twins.world.versions(*range(200), resource="git.x")]
    builds = [twins.add_build("a", {"x": ("git.x", versions[0])}) for _ in range(30)]
    stored, _ = twins.both()
    assert list(stored.after("git.x", versions[0])) == versions[1:]
    assert [one.id for one in stored.builds("a", [Need("git.x", versions[0])])] == builds[::-1]
    assert [one.id for one in stored.builds("a", [Need("git.x")], start=builds[3])] == builds[3:]


def test_after_a_deleted_build_all_others_are_later(store: SqlStore, twins: Twins) -> None:
    twins.add_version("git.x")
    took = {"x": ("git.x", twins.versions["git.x"][0])}
    gone, *kept = [twins.add_build("a", took) for _ in range(3)]
    with store.transaction():
        store.builds.delete([gone])
    stored, _ = twins.both()
    assert [one.id for one in stored.builds("a", [Need("git.x")], start=gone)] == kept


def test_another_pipeline_is_another_history(world: World, twins: Twins) -> None:
    twins.add_version("git.x")
    assert world.store.history(world.pipeline("q").id).newest("git.x") is None


def news(twins: Twins, mark: object) -> list[int] | None:
    """The ids of what is new since the mark, as a server sees it that has just started."""
    found = twins.store.history(twins.pipeline).since(mark)
    return None if found is None else sorted(build.id for build in found)


def test_what_is_new_is_what_has_succeeded_since_in_whatever_order(world: World, twins: Twins) -> None:
    twins.add_version("git.x")
    version = twins.versions["git.x"][0]
    took = {"one": ("git.x", version)}
    early = world.build("a", [world.choice(twins.store.versions.get(version), "one")])  # type: ignore[arg-type]
    claimed = world.claimed(job="a")
    before = twins.add_build("a", took)
    history = twins.store.history(twins.pipeline)
    mark = history.mark(["a"], ["git.x"])
    assert news(twins, mark) == []
    later = twins.add_build("a", took)
    twins.add_build("a", took, succeeded=False)
    twins.add_build("b", took)
    world.saved(early, status=BuildStatus.SUCCEEDED, finished_at=9.0)
    assert news(twins, mark) == [early.id, later]
    world.saved(claimed, status=BuildStatus.SUCCEEDED, finished_at=9.0)
    retried = twins.add_build("a", took, retry_of=(before, twins.builds[0][2]))
    assert news(twins, mark) == [early.id, claimed.id, later, retried]
    (found,) = (one for one in history.since(mark) or () if one.id == early.id)
    assert (found.job, found.of("git.x")) == ("a", [version])
    with twins.store.transaction():
        twins.store.builds.delete([early.id, later])
    assert news(twins, mark) == [claimed.id, retried]
    assert news(twins, history.mark(["a"], ["git.x"])) == []


def test_everything_is_looked_at_where_versions_were_switched_or_too_much_is_new(world: World, twins: Twins) -> None:
    twins.add_version("git.x")
    history = twins.store.history(twins.pipeline)
    mark, other = history.mark(["a"], ["git.x"]), history.mark(["a"], ["git.y"])
    for disabled in (True, False):
        with twins.store.transaction():
            twins.store.versions.set_disabled(twins.versions["git.x"][0], disabled)
        assert news(twins, mark) is None
        assert news(twins, other) == []
    for _ in range(100):
        world.ended("a")
    assert len(news(twins, other) or ()) == 100
    world.ended("a")
    assert news(twins, other) is None
    assert history.mark(["a", "nobody"], ["git.x"]) is None
    assert history.mark(["a"], ["git.nothing"]) is None


def test_a_long_line_is_no_part_of_a_mark(world: World, twins: Twins) -> None:
    line = [world.build("a") for _ in range(150)]
    mark = twins.store.history(twins.pipeline).mark(["a"], ["git.x"])
    for build in (line[0], line[99], line[120], line[149]):
        world.saved(build, status=BuildStatus.SUCCEEDED, finished_at=9.0)
    assert news(twins, mark) == [line[0].id, line[99].id, line[120].id, line[149].id]
