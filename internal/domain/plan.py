"""The typed, expanded, evaluated form of a pipeline: what the server stores and what a worker runs.

The pipeline room writes these from HCL, the service hands them out, the worker executes them. All of it is plain data
that survives JSON and MessagePack (`encode_spec`, `decode_spec`). Durations are seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

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


Step = GetStep | TaskStep | PutStep


class JobPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One job, expanded. `concurrency` 0 means no limit, `timeout` 0 none; a higher `priority` goes first.

    Its commands see the variables of `env`.
    """

    name: str
    env: dict[str, str] = {}
    steps: list[Step] = []
    hooks: Hooks = Hooks()
    timeout: float = 0.0
    concurrency: int = 0
    serial_groups: list[str] = []
    tags: list[str] = []
    priority: int = 0
    requeue_on_worker_loss: bool = True
    disable_retry: bool = False

    @property
    def is_limited(self) -> bool:
        """Whether its builds may have to wait for others to end."""
        return bool(self.concurrency or self.serial_groups)

    def gets(self) -> Iterator[GetStep]:
        """The top-level gets, in plan order: the job's inputs."""
        return (step for step in self.steps if isinstance(step, GetStep))

    def puts(self) -> Iterator[PutStep]:
        """The top-level puts, in plan order."""
        return (step for step in self.steps if isinstance(step, PutStep))


class FetchedSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the definition of a type came from when the pipeline was set; `block` says of which kind it is."""

    block: str
    name: str
    address: str
    sha256: str


class PipelineSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole pipeline after evaluation and expansion; every list is in source order.

    `masks` holds the values of sensitive variables, which a worker never lets into a log. Every command sees the
    variables of `env`, also those of checks. `sources` tells which types came from the web.
    """

    jobs: list[JobPlan] = []
    resources: list[Resource] = []
    resource_types: list[ResourceType] = []
    runner_types: list[RunnerType] = []
    masks: list[str] = []
    env: dict[str, str] = {}
    sources: list[FetchedSource] = []

    def job(self, name: str) -> JobPlan | None:
        """The job of that name, or None."""
        return next((job for job in self.jobs if job.name == name), None)

    def resource(self, canonical: str) -> Resource | None:
        """The resource of that canonical name, or None."""
        return next((found for found in self.resources if found.canonical == canonical), None)

    def resource_type(self, name: str) -> ResourceType | None:
        """The resource type of that name, or None. Built-in types that the pipeline uses are listed too."""
        return next((found for found in self.resource_types if found.name == name), None)


def encode_spec(spec: PipelineSpec) -> bytes:
    """`spec` as canonical JSON: equal specs give equal bytes."""
    return msgspec.json.encode(spec, order="deterministic")


def decode_spec(data: bytes | str) -> PipelineSpec:
    """The inverse of `encode_spec`; raises msgspec.ValidationError on anything else."""
    return msgspec.json.decode(data, type=PipelineSpec)
