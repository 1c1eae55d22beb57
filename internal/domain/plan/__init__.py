"""The typed, expanded, evaluated form of a pipeline: what the server stores and what a worker runs.

The pipeline room writes these from HCL, the service hands them out, the worker executes them. All of it is plain data
that survives JSON and MessagePack (`encode_spec`, `decode_spec`). Durations are seconds.
"""

from pikoci.internal.domain.plan.pipeline import JobPlan, PipelineSpec, decode_spec, encode_spec
from pikoci.internal.domain.plan.steps import (
    ConditionStep,
    GetStep,
    Hook,
    Hooks,
    InParallelStep,
    NotifyStep,
    PutStep,
    Step,
    StepBase,
    TaskStep,
    walk_steps,
)
from pikoci.internal.domain.plan.types import (
    PLACEHOLDER,
    Command,
    Json,
    Notification,
    NotificationType,
    ReadyCheck,
    Resource,
    ResourceType,
    RunnerType,
    Secrets,
    SecretType,
    SecretVariable,
    Service,
    ServiceType,
)

__all__ = [
    "PLACEHOLDER",
    "Command",
    "ConditionStep",
    "GetStep",
    "Hook",
    "Hooks",
    "InParallelStep",
    "JobPlan",
    "Json",
    "Notification",
    "NotificationType",
    "NotifyStep",
    "PipelineSpec",
    "PutStep",
    "ReadyCheck",
    "Resource",
    "ResourceType",
    "RunnerType",
    "SecretType",
    "SecretVariable",
    "Secrets",
    "Service",
    "ServiceType",
    "Step",
    "StepBase",
    "TaskStep",
    "decode_spec",
    "encode_spec",
    "walk_steps",
]
