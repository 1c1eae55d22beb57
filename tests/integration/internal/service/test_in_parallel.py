"""Gets and puts in blocks and branches: inputs and outputs of their job like any other."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.events import BuildFinished, StepFinished, StepStarted, VersionProduced
from pikoci.internal.domain.plan import InParallelStep
from tests.integration.internal.service.world import TYPE, World

BLOCKS = {
    "in_parallel": "in_parallel {",
    "a condition": "if {\n    condition = \"$BUILD_NUMBER == '7'\"",
}


def chain(opening: str) -> str:
    return (
        TYPE
        + f"""
    job "up" {{
      {opening}
        get "made" "repo" {{
          trigger = true
        }}
      }}
    }}
    job "run" {{
      {opening}
        get "made" "repo" {{
          passed  = ["up"]
          trigger = true
        }}
      }}
    }}
"""
    )


@pytest.mark.parametrize("opening", BLOCKS.values(), ids=BLOCKS)
def test_a_get_inside_is_an_input_of_its_job(world: World, opening: str) -> None:
    world.set(chain(opening))
    world.find_versions("1")
    (up,) = world.builds("up")
    assert world.taken(up) == {"repo": "1"}
    assert world.builds("run") == []
    assert world.claim(up).inputs == {"repo": {"v": "1"}}
    world.report(up, 1, 1, BuildFinished(status=BuildStatus.SUCCEEDED, at=world.clock.now()))
    world.schedule()
    assert [world.taken(build) for build in world.builds("run")] == [{"repo": "1"}]


def test_a_put_inside_makes_an_output(world: World) -> None:
    world.set(TYPE + '    job "run" {\n      in_parallel {\n        put "made" "repo" {}\n      }\n    }\n')
    build = world.trigger()
    claim = world.claim(build)
    assert isinstance(claim.job.steps[0], InParallelStep)
    assert [one.canonical for one in claim.resources] == ["made.repo"]
    assert [one.name for one in claim.resource_types] == ["made"]
    last = BuildFinished(status=BuildStatus.SUCCEEDED, at=world.clock.now())
    world.report(build, 1, 1, VersionProduced(put="repo", resource="made.repo", version={"v": "9"}), last)
    assert [one.version for one in world.detail(build).outputs] == [{"v": "9"}]


def test_what_a_killed_worker_left_running_in_a_block_is_closed(world: World) -> None:
    world.set('    job "run" {\n      in_parallel {\n      }\n    }\n')
    build = world.trigger()
    claim, at = world.claim(build).claim, world.clock.now()
    started = [
        StepStarted(step=step, name=step, kind=kind, at=at)
        for step, kind in (("1", "in_parallel"), ("1/1", "task"), ("1/2", "task"))
    ]
    done = StepFinished(step="1/1", status=StepStatus.SUCCEEDED, at=at)
    world.report(build, claim, 1, *started, done)
    world.register("i2")
    assert [(step.id, step.status) for step in world.store.builds.steps(build.id, claim)] == [
        ("1", StepStatus.ERRORED),
        ("1/1", StepStatus.SUCCEEDED),
        ("1/2", StepStatus.ERRORED),
    ]


def test_a_step_without_a_name_that_never_started_has_none(world: World) -> None:
    world.set('    job "run" {}\n')
    build = world.trigger()
    at = world.clock.now()
    world.report(
        build, world.claim(build).claim, 1, StepFinished(step="2", kind="else", status=StepStatus.SKIPPED, at=at)
    )
    (step,) = world.detail(build).steps
    assert (step.kind, step.name) == ("else", "")
