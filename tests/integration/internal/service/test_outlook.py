"""What a plan foretells of builds and checks: the same happens when the file is set."""

from __future__ import annotations

from itertools import count
from textwrap import dedent

import pytest

from pikoci.internal.service.lifecycle.outlook import JobStart, Outlook
from tests.integration.internal.service.world import TYPE, World

JOB = """
job "{name}" {{
  get "made" "repo" {{
    {how}
  }}
}}
"""


def config(*resources: str, **jobs: str) -> str:
    """A file with these jobs, each with one get of the resource, and with more resources."""
    more = "".join(f'resource "made" "{name}" {{\n  check_interval = "@every 1m"\n}}\n' for name in resources)
    return TYPE + more + "".join(JOB.format(name=name, how=how) for name, how in jobs.items())


def foretell(world: World, text: str) -> Outlook:
    return world.services.pipelines.plan(world.alice, "main", "p", dedent(text), {})[1]


def set_and_look(world: World, text: str, *jobs: str) -> dict[str, int]:
    """How many builds each job gets when the file is set."""
    before = {job: builds(world, job) for job in jobs}
    world.set(text)
    world.schedule()
    return {job: builds(world, job) - before[job] for job in jobs}


def builds(world: World, job: str) -> int:
    pipeline = world.store.pipelines.find("main", "p")
    known = world.store.jobs.find(pipeline.id, job) if pipeline else None
    return len(world.builds(job)) if known and not known.archived else 0


@pytest.fixture
def used(world: World) -> World:
    """The job `first` has succeeded with a version, and three more were found since."""
    world.set(config(first="trigger = true"))
    world.find_versions("1")
    world.run(world.builds("first")[0])
    world.set(config(first=""))
    world.find_versions("2", "3", "4")
    return world


@pytest.mark.parametrize(
    ("jobs", "starts"),
    [
        ({"first": ""}, {}),
        ({"first": "trigger = true"}, {"first": 3}),
        ({"first": "", "new": "trigger = true"}, {"new": 1}),
        ({"first": "", "new": ""}, {}),
        ({"first": "", "new": 'trigger = true\npassed = ["first"]'}, {"new": 1}),
        ({"first": "trigger = true", "b": 'trigger = true\npassed = ["first"]', "c": ""}, {"first": 3, "b": 1}),
        ({"first": "", "b": "", "new": 'trigger = true\npassed = ["first", "b"]'}, {}),
    ],
    ids=["as it is", "a trigger", "a new job", "no trigger", "passed", "several", "passed by nobody"],
)
def test_what_it_foretells_happens(used: World, jobs: dict[str, str], starts: dict[str, int]) -> None:
    text = config(**jobs)
    outlook = foretell(used, text)
    assert (list(outlook.checks), outlook.unseen) == ([], 0)
    assert {start.job: start.builds for start in outlook.starts} == starts
    assert set_and_look(used, text, *jobs) == {job: starts.get(job, 0) for job in jobs}


def test_it_writes_nothing(used: World) -> None:
    before = used.builds("first")
    used.publisher.messages.clear()
    foretell(used, config("other", first="trigger = true", new="trigger = true"))
    used.schedule()
    assert used.builds("first") == before
    assert [job.job.name for job in used.services.jobs.list(used.alice, "main", "p")] == ["first"]
    assert used.publisher.messages == []


def test_builds_of_a_job_are_counted_up_to_twenty(used: World) -> None:
    used.find_versions(*(str(number) for number in range(5, 40)))
    assert foretell(used, config(first="trigger = true")).starts == [JobStart("first", 20)]


def test_a_pinned_version_is_the_one_that_starts(used: World) -> None:
    pinned = used.store.versions.find(used.resource().id, {"v": "2"})
    assert pinned is not None
    used.services.resources.pin(used.alice, "main", "p", "made.repo", pinned.id)
    assert foretell(used, config(first="trigger = true")).starts == [JobStart("first", 1)]


def test_nothing_starts_that_is_paused(used: World) -> None:
    text = config(first="trigger = true", new="trigger = true")
    used.services.jobs.pause(used.alice, "main", "p", "first")
    assert foretell(used, text).starts == [JobStart("new", 1)]
    used.services.pipelines.pause(used.alice, "main", "p")
    assert foretell(used, text) == Outlook(checks=[])


def test_of_a_new_pipeline_it_tells_what_is_checked(world: World) -> None:
    assert foretell(world, config("other", new="trigger = true")) == Outlook(checks=["made.repo", "made.other"])


def test_checks_are_those_of_new_resources_and_of_changed_intervals(used: World) -> None:
    text = config("other", first="").replace("@every 1m", "@every 2m", 1)
    assert foretell(used, text).checks == ["made.repo", "made.other"]
    used.set(text)
    assert foretell(used, config("other", "third", first="").replace("@every 1m", "@every 2m", 1)).checks == [
        "made.third"
    ]
    used.publisher.messages.clear()
    used.services.scheduling.dispatch_checks()
    assert len(used.publisher.take("checks")) == 2


def test_the_same_file_starts_nothing(used: World) -> None:
    assert foretell(used, config(first="")) == Outlook()


def test_it_ends_when_its_time_is_over(used: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = count(0, 10)
    monkeypatch.setattr(used.clock, "monotonic", lambda: float(next(moments)))
    outlook = foretell(used, config(first="trigger = true", new="trigger = true"))
    assert (outlook.starts, outlook.unseen) == ([], 2)
