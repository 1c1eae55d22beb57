"""What a worker is told of the work that it has claimed."""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.build import Build, BuildInput
from pikoci.internal.domain.gateway import BuildAssignment, BuildInfo
from pikoci.internal.domain.pipeline import Pipeline
from pikoci.internal.domain.plan import JobPlan, PipelineSpec
from pikoci.internal.service.plumbing.excerpt import JobExcerpt
from pikoci.internal.service.plumbing.settings import ServiceSettings


def assignment_of(
    settings: ServiceSettings,
    spec: PipelineSpec,
    plan: JobPlan,
    info: BuildInfo,
    inputs: Sequence[BuildInput],
    excerpt: JobExcerpt,
    claim: int,
) -> BuildAssignment:
    """All that is needed to run the plan."""
    return BuildAssignment(
        build=info,
        claim=claim,
        lease=settings.lease,
        job=plan,
        resources=excerpt.resources,
        resource_types=excerpt.resource_types,
        runner_types=excerpt.runner_types,
        service_types=excerpt.service_types,
        inputs={given.get: given.version for given in inputs},
        masks=spec.masks,
        env=spec.env,
        notification_types=excerpt.notification_types,
        notifications=excerpt.notifications,
        secrets=excerpt.secrets,
    )


def info_of(settings: ServiceSettings, build: Build, pipeline: Pipeline, plan: JobPlan) -> BuildInfo:
    """What the commands of a build are told of it; its address is empty where the server does not know its own."""
    base = settings.external_url
    path = f"/teams/{pipeline.team}/pipelines/{pipeline.name}/jobs/{build.job}/builds/{build.name}"
    return BuildInfo(
        id=build.id,
        number=build.name,
        job=build.job,
        pipeline=pipeline.name,
        team=pipeline.team,
        url=base + path if base else "",
        inputs=plan.input_variables(build.values or {}),
    )
