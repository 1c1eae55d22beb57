"""What of a build is needed to run its job elsewhere with the same inputs."""

from __future__ import annotations

from datetime import UTC, datetime

from pikoci.internal.domain.build import Build
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.pipeline import Pipeline
from pikoci.internal.pipeline.secret_names import secret_names
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.excerpt import job_excerpt
from pikoci.internal.service.use_cases.views import Reproduction


def reproduce(context: Context, pipeline: Pipeline, build: Build) -> Reproduction:
    """The pipeline's file as it is set now, and what the build was given, without the values of secret variables.

    Reading a large file takes its time, in a native thread. Raises ConflictError where the job left the pipeline.
    """
    spec = context.compiled.get(pipeline).spec
    plan = spec.job(build.job)
    if plan is None:
        raise ConflictError(f"job {build.job} is no longer in pipeline {pipeline.name}, whose present file has no such")
    source = context.store.pipelines.source(pipeline.id)
    now = datetime.fromtimestamp(context.clock.now(), UTC)
    hidden = context.read_pipeline(secret_names, source.config, source.variables, now)
    read_at_use = {variable.name for variable in job_excerpt(spec, plan).secrets.variables}
    return Reproduction(
        build=build,
        config=source.config,
        changed_since=pipeline.updated_at > build.created_at,
        variables={name: value for name, value in source.variables.items() if name not in hidden},
        secrets=sorted(read_at_use | (hidden & source.variables.keys())),
        inputs={given.get: given.version for given in context.store.builds.inputs(build.id)},
    )
