"""The steps of a job and their hooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from pikoci.internal.domain.plan.types import Command, Json


class Hook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What runs after a step or job: either one command, or steps in order. Exactly one of the two is set.

    Its commands see `env` besides what those of the step or job see.
    """

    id: str
    env: dict[str, str] = {}
    command: Command | None = None
    steps: list[Step] = []


class Hooks(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The hooks of a step or job, each list in source order."""

    on_success: list[Hook] = []
    on_failure: list[Hook] = []
    on_cancel: list[Hook] = []
    ensure: list[Hook] = []


class StepBase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every step takes. `timeout` 0 means none; it applies to each of the `attempts` anew.

    `env` are environment variables of its commands and of its hooks'.
    """

    id: str
    name: str
    env: dict[str, str] = {}
    timeout: float = 0.0
    attempts: int = 1
    hooks: Hooks = Hooks()


class GetStep(StepBase, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="get"):
    """Fetch the chosen version of a resource. `version` is `latest`, `every`, or empty for the default of the rule."""

    resource: str
    trigger: bool = False
    passed: list[str] = []
    version: Literal["", "latest", "every"] = ""
    params: dict[str, Json] = {}


class TaskStep(StepBase, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="task"):
    """Run one command in the work directory. `inputs` must be there before it, `outputs` after it.

    `caches` are directories that the worker keeps for the step from build to build: in the work directory, or with `~/`
    in the build's home. Those of a build that did not succeed are kept with `cache_on_failure` only.
    """

    run: Command
    inputs: list[str] = []
    outputs: list[str] = []
    caches: list[str] = []
    cache_on_failure: bool = False


class PutStep(StepBase, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="put"):
    """Publish to a resource; the versions it prints become outputs of the build."""

    resource: str
    params: dict[str, Json] = {}


class NotifyStep(StepBase, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="notify"):
    """Send a message by a notification (canonical name). `params` are the values given by name.

    The notification's own message goes out if `message` is empty. What cannot be sent fails this step alone.
    """

    notification: str
    message: str = ""
    params: dict[str, Json] = {}


class InParallelStep(StepBase, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="in_parallel"):
    """Run steps at the same time, at most `limit` of them (0: all). It has succeeded when all have.

    With `fail_fast` the first one that does not succeed stops the others. `attempts` repeats all of them.
    """

    steps: list[Step] = []
    limit: int = 0
    fail_fast: bool = False


class ConditionStep(StepBase, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="condition"):
    """Steps that run if a condition holds, see `condition`, which is decided while the build runs.

    An `else_if` or `else` belongs to the `if` before it: of those, the first one that holds runs. `name` may be empty.
    """

    word: Literal["if", "else_if", "else"]
    condition: str = ""
    steps: list[Step] = []


Step = GetStep | TaskStep | PutStep | NotifyStep | InParallelStep | ConditionStep


def walk_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps in plan order, each followed by those inside it; without those of hooks."""
    for step in steps:
        yield step
        if isinstance(step, InParallelStep | ConditionStep):
            yield from walk_steps(step.steps)
