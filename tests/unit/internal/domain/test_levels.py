"""Which workers can run which plan."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator

import msgspec
import pytest

from pikoci.internal.domain import levels, plan
from pikoci.internal.domain.gateway import BuildAssignment, CheckAssignment
from pikoci.internal.domain.job_inputs import JobInput
from pikoci.internal.domain.levels import BUILTINS, LEVELS, Need, declared_params, needs, optional_fields
from pikoci.internal.domain.plan import (
    Command,
    ConditionStep,
    GetStep,
    Hook,
    Hooks,
    InParallelStep,
    JobPlan,
    Notification,
    NotificationType,
    Resource,
    ResourceType,
    RunnerType,
    Secrets,
    SecretType,
    SecretVariable,
    Service,
    ServiceType,
    TaskStep,
)

TASK = TaskStep(id="1", name="t", run=Command(runner="exec", params={"path": "true"}))
GIT = Resource(type="git", name="app", params={"url": "/r"})


def structs_of(hint: object, seen: set[type]) -> Iterator[type[msgspec.Struct]]:
    """The structs of the plan that a type can hold."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint not in seen:
        seen.add(hint)
        yield hint
        for inner in typing.get_type_hints(hint).values():
            yield from structs_of(inner, seen)
    if isinstance(hint, types.GenericAlias | types.UnionType) or typing.get_origin(hint):
        for inner in typing.get_args(hint):
            yield from structs_of(inner, seen)


def plan_parts() -> Iterator[str]:
    """Every part that a plan can have, as the table names it."""
    seen: set[type] = set()
    for assignment in (BuildAssignment, CheckAssignment):
        for hint in typing.get_type_hints(assignment).values():
            for kind in structs_of(hint, seen):
                if kind.__module__.startswith(f"{plan.__name__}.") or kind.__module__ == JobInput.__module__:
                    yield kind.__name__
                    yield from optional_fields(kind)
    for kind_name, found in BUILTINS.items():
        for name, builtin in found.items():
            yield f"{kind_name} {name}"
            yield from (f"{kind_name} {name}.{param}" for param in declared_params(builtin))


def test_every_part_of_a_plan_has_its_level() -> None:
    missing = sorted(set(plan_parts()) - set(LEVELS))
    assert not missing, f"add these to the last group in internal/domain/levels.py: {', '.join(missing)}"


def test_nothing_has_a_level_that_is_no_part_of_a_plan() -> None:
    assert sorted(set(LEVELS) - set(plan_parts()) - {"StepBase"}) == []


@pytest.mark.parametrize(
    "known",
    [
        JobPlan(name="j", steps=[TASK], priority=3, requeue_on_worker_loss=False, allow_failure=True),
        JobPlan(name="j", steps=[TASK], hooks=Hooks(ensure=[Hook(id="e", command=TASK.run)])),
        ResourceType(name="git", builtin="git"),
        Secrets(),
    ],
    ids=["job", "hook", "type", "no secrets"],
)
def test_what_workers_have_always_run_needs_no_level(known: object) -> None:
    assert needs(known) == Need()


@pytest.mark.parametrize(
    ("part", "word"),
    [
        (InParallelStep(id="1", name="p"), "in_parallel"),
        (ConditionStep(id="1", name="", word="if"), "condition"),
        (msgspec.structs.replace(TASK, caches=["x"]), "caches"),
        (msgspec.structs.replace(TASK, run=Command(runner="docker", params={"image": "a"})), "runner docker"),
        (Hooks(ensure=[Hook(id="e", command=Command(runner="docker"))]), "runner docker"),
        (JobPlan(name="j", services=[Service(id="s", type="redis")]), "services"),
        (JobPlan(name="j", inputs=[JobInput(name="x")]), "input"),
        (ServiceType(name="redis", builtin="redis"), "services"),
        (Notification(type="slack", name="n"), "notifications"),
        (NotificationType(name="slack", builtin="slack"), "notifications"),
        (Secrets(variables=[SecretVariable(name="v", secret_type="t", key="k")]), "secrets"),
        (SecretType(name="t", builtin="vault"), "secrets"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_newer_part_is_needed_wherever_it_stands(part: object, word: str) -> None:
    inside = InParallelStep(id="0", name="p", steps=[part]) if isinstance(part, TaskStep) else part
    assert needs(part) == Need(2, word)
    assert needs([JobPlan(name="first"), {"at": "x"}], [inside]).level == 2


def test_a_type_of_the_pipeline_is_no_built_in_one_of_the_same_name() -> None:
    runner = RunnerType(name="docker", path="podman")
    assert needs(Command(runner="docker", params={"image": "a"}), [runner]) == Need()
    own = ResourceType(name="http", check=Command(runner="exec"))
    assert needs(Resource(type="http", name="x", params={"any": 1}), [own]) == Need()


def test_new_params_of_an_old_type_are_parts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    older = {**LEVELS, "resource type git.depth": 7, "resource type git.submodules": 8}
    monkeypatch.setattr(levels, "LEVELS", older)
    kind = ResourceType(name="git", builtin="git")
    deep = msgspec.structs.replace(GIT, params={"url": "/r", "depth": 1})
    assert needs([GIT], [kind]) == Need()
    assert needs([deep], [kind]) == Need(7, "resource type git with depth")
    get = GetStep(id="1", name="app", resource="git.app", params={"submodules": True})
    assert needs([get], [deep], [kind]) == Need(8, "resource type git with submodules")


def test_what_is_not_in_the_table_counts_as_newest() -> None:
    assert needs(ResourceType(name="x", builtin="never-heard")) == Need(levels.LEVEL, "resource type never-heard")
