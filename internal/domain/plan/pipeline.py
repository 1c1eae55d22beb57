"""A job, and the whole pipeline with its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from pikoci.internal.domain.approval import Approval
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.fetched_source import FetchedSource
from pikoci.internal.domain.job_inputs import JobInput, Value, environment
from pikoci.internal.domain.plan.steps import GetStep, Hooks, NotifyStep, PutStep, Step, walk_steps
from pikoci.internal.domain.plan.types import (
    Notification,
    NotificationType,
    Resource,
    ResourceType,
    RunnerType,
    Secrets,
    Service,
    ServiceType,
)


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
