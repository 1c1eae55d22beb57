"""The typed, expanded, evaluated form of a pipeline: what the server stores and what a worker runs.

The pipeline room writes these from HCL, the service hands them out, the worker executes them. All of it is plain data
that survives JSON and MessagePack (`encode_spec`, `decode_spec`). Durations are seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from pikoci.internal.domain.approval import Approval
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.fetched_source import FetchedSource
from pikoci.internal.domain.job_inputs import JobInput, Value, environment

#: A place in a runner's template, such as `$image`; the group is its name.
PLACEHOLDER = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")

Json = object  # None | bool | int | float | str | list | dict, recursively; checked where it enters


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command of a runner: `run "exec" { path = ..., args = [...] }`. `params` are its attributes."""

    runner: str
    params: dict[str, Json] = {}


class RunnerType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user's template for running a command; placeholders in `path` and `args` are filled in by the worker."""

    name: str
    path: str
    args: list[str] = []

    @property
    def placeholders(self) -> frozenset[str]:
        """The names that stand in `path` and `args`, without the dollar sign."""
        return frozenset(name for text in (self.path, *self.args) for name in PLACEHOLDER.findall(text))


class ResourceType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to check, pull and push a resource: by a type built into the worker (`builtin`), or by commands."""

    name: str
    builtin: str = ""
    params: list[str] = []
    cache: bool = False
    check: Command | None = None
    pull: Command | None = None
    push: Command | None = None

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""
        return [command for command in (self.check, self.pull, self.push) if command]


class Resource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A resource of a pipeline. See `schedule` for `check_interval`. Its canonical name is `type.name`."""

    type: str
    name: str
    params: dict[str, Json] = {}
    check_interval: str = ""
    cache: bool = False
    tags: list[str] = []

    @property
    def canonical(self) -> str:
        """The name by which gets, puts and the API refer to it."""
        return f"{self.type}.{self.name}"


class NotificationType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to send a kind of message: by a type built into the worker (`builtin`), or by a command."""

    name: str
    builtin: str = ""
    notify: Command | None = None

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""
        return [self.notify] if self.notify else []


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to send messages. `on` are the ends of a build that send one by themselves: `success`, …, or `all`.

    Those are the builds of `jobs`, or of all jobs if that is None; but never those of `exclude`.
    """

    type: str
    name: str
    params: dict[str, Json] = {}
    message: str = ""
    on: list[str] = []
    jobs: list[str] | None = None
    exclude: list[str] = []

    @property
    def canonical(self) -> str:
        """The name by which steps refer to it."""
        return f"{self.type}.{self.name}"

    def covers(self, job: str) -> bool:
        """Whether some end of a build of this job sends it."""
        return bool(self.on) and (self.jobs is None or job in self.jobs) and job not in self.exclude


class ReadyCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What tells that a service is ready: a command, repeated every `interval` until it succeeds, for `timeout`."""

    command: Command
    interval: float = 1.0
    timeout: float = 60.0


class ServiceType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to run a service beside the steps: one built into the worker (`builtin`), or by commands.

    `start` ends when it has started the service, or with `foreground` is the service itself.
    """

    name: str
    builtin: str = ""
    start: Command | None = None
    foreground: bool = False
    ready_check: ReadyCheck | None = None
    stop: Command | None = None

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""
        check = self.ready_check.command if self.ready_check else None
        return [command for command in (self.start, check, self.stop) if command]


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A service of a job. Its commands see `env`, and `params` as `param_*`."""

    id: str
    type: str
    params: dict[str, Json] = {}
    env: dict[str, str] = {}


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


class JobPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One job, expanded. `concurrency` 0 means no limit, `timeout` 0 none; a higher `priority` goes first.

    Its `services` start before its steps, in order. Its commands see the variables of `env`. Builds are given out when
    all of `approvals` are had; `announcements`, by their labels, say that they wait. One that a new version makes sends
    the messages of `on_trigger` before all else, if no other build has sent the same of that version.
    """

    name: str
    env: dict[str, str] = {}
    services: list[Service] = []
    steps: list[Step] = []
    hooks: Hooks = Hooks()
    timeout: float = 0.0
    concurrency: int = 0
    serial_groups: list[str] = []
    tags: list[str] = []
    priority: int = 0
    requeue_on_worker_loss: bool = True
    disable_retry: bool = False
    allow_failure: bool = False
    interruptible: bool = False
    inputs: list[JobInput] = []
    approvals: list[Approval] = []
    on_trigger: list[NotifyStep] = []
    announcements: dict[str, list[NotifyStep]] = {}

    @property
    def is_limited(self) -> bool:
        """Whether its builds may have to wait for others to end."""
        return bool(self.concurrency or self.serial_groups)

    def ends_as(self, status: BuildStatus) -> BuildStatus:
        """How a build of the job ends whose plan ended as `status`: a failure may be no more than a warning."""
        return BuildStatus.WARNING if self.allow_failure and status is BuildStatus.FAILED else status

    def input_variables(self, values: Mapping[str, Value]) -> dict[str, str]:
        """The `INPUT_*` variables of one build: the `values` of the inputs, and the defaults of those without."""
        return environment(self.inputs, values)

    def gets(self) -> Iterator[GetStep]:
        """The gets, in plan order: the job's inputs. Those of hooks are none."""
        return (step for step in walk_steps(self.steps) if isinstance(step, GetStep))

    def puts(self) -> Iterator[PutStep]:
        """The puts, in plan order, without those of hooks."""
        return (step for step in walk_steps(self.steps) if isinstance(step, PutStep))


class SecretType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A store of secrets with its configuration: built into the worker (`builtin`), or read by the command `get`."""

    name: str
    builtin: str = ""
    config: dict[str, Json] = {}
    get: Command | None = None

    @property
    def commands(self) -> list[Command]:
        """Those that it has."""
        return [self.get] if self.get else []


class SecretVariable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A variable whose value a worker reads from a store at each use: `key` of what is at `path` there.

    `type` is `string`, `number` or `bool`; its text must be one. In the server's own store `path` is an entry's name.
    """

    name: str
    secret_type: str
    key: str
    path: str = ""
    type: str = "string"


class Secrets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to get the values that stand in the texts of a plan (see `secret_text`). Texts in here may hold others.

    They never form a circle.
    """

    variables: list[SecretVariable] = []
    types: list[SecretType] = []


class PipelineSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole pipeline after evaluation and expansion; every list is in source order.

    `masks` holds the values of sensitive variables, which a worker never lets into a log. Every command sees the
    variables of `env`, also those of checks. `sources` tells which types came from the web. `webhook_secrets` are by
    the canonical names of resources; no worker is given them.
    """

    jobs: list[JobPlan] = []
    resources: list[Resource] = []
    resource_types: list[ResourceType] = []
    runner_types: list[RunnerType] = []
    service_types: list[ServiceType] = []
    masks: list[str] = []
    env: dict[str, str] = {}
    notification_types: list[NotificationType] = []
    notifications: list[Notification] = []
    secrets: Secrets = Secrets()
    sources: list[FetchedSource] = []
    webhook_secrets: dict[str, str] = {}

    def job(self, name: str) -> JobPlan | None:
        """The job of that name, or None."""
        return next((job for job in self.jobs if job.name == name), None)

    def resource(self, canonical: str) -> Resource | None:
        """The resource of that canonical name, or None."""
        return next((found for found in self.resources if found.canonical == canonical), None)

    def resource_type(self, name: str) -> ResourceType | None:
        """The resource type of that name, or None. Built-in types that the pipeline uses are listed too."""
        return next((found for found in self.resource_types if found.name == name), None)


# Made here, where there is one thread: msgspec completes what it knows of a class at its first use, and another thread
# that decodes meanwhile ends the process.
_SPEC = msgspec.json.Decoder(PipelineSpec)


def encode_spec(spec: PipelineSpec) -> bytes:
    """`spec` as canonical JSON: equal specs give equal bytes."""
    return msgspec.json.encode(spec, order="deterministic")


def decode_spec(data: bytes | str) -> PipelineSpec:
    """The inverse of `encode_spec`; raises msgspec.ValidationError on anything else."""
    return _SPEC.decode(data)
