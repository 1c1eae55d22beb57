"""A pipeline's decoded spec with the ids of its jobs and resources, kept for as long as its revision lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.levels import Need, needs
from pikoci.internal.domain.pipeline import Job, Pipeline, ResourceState
from pikoci.internal.domain.plan import JobPlan, PipelineSpec, decode_spec
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.excerpt import as_run, job_excerpt, runners_of, secrets_of
from pikoci.internal.service.plumbing.ports import RunInThread

_KEPT = 256


@dataclass(frozen=True, slots=True)
class CompiledPipeline:
    """What a revision of a pipeline says, by names and by ids. Never changes.

    `followers` maps a job's name to the jobs with a get that has it in `passed`; `getters` a resource's canonical
    name to the jobs with a get of it; `linked` a job to the ids, ascending, of all jobs, itself included, that serial
    groups connect with it, directly or through others.
    """

    spec: PipelineSpec
    plans: Mapping[str, JobPlan]
    job_ids: Mapping[str, int]
    job_names: Mapping[int, str]
    resource_ids: Mapping[str, int]
    followers: Mapping[str, frozenset[str]]
    getters: Mapping[str, frozenset[str]]
    linked: Mapping[str, Sequence[int]]
    _needs: dict[str, Need] = field(default_factory=dict)
    _check_needs: dict[str, Need] = field(default_factory=dict)

    def plan(self, job: str) -> JobPlan:
        """The job's plan. Raises NotFoundError when this revision has no such job."""
        if job not in self.plans:
            raise NotFoundError(f"job {job} is no longer in the pipeline")
        return self.plans[job]

    def need(self, job: str) -> Need:
        """What builds of the job ask of a worker; nothing where this revision has no such job."""
        plan = self.plans.get(job)
        if plan is None:
            return Need()
        if job not in self._needs:
            work = as_run(plan)
            self._needs[job] = needs(work, job_excerpt(self.spec, work))
        return self._needs[job]

    def check_need(self, canonical: str) -> Need:
        """What checks of the resource ask of a worker; nothing where this revision has no such resource."""
        resource = self.spec.resource(canonical)
        kind = self.spec.resource_type(resource.type) if resource else None
        if resource is None or kind is None:
            return Need()
        if canonical not in self._check_needs:
            secrets = secrets_of(self.spec, resource, kind, self.spec.env)
            runners = runners_of(self.spec, [kind, *secrets.types])
            self._check_needs[canonical] = needs(resource, kind, runners, secrets)
        return self._check_needs[canonical]

    def ids(self, jobs: frozenset[str]) -> list[int]:
        """The ids of the jobs, ascending."""
        return sorted(self.job_ids[job] for job in jobs if job in self.job_ids)

    def after_end(self, job: str) -> frozenset[str]:
        """The jobs to look at when a build of `job` ends: those after it, and itself for all that wait for its slot."""
        plan = self.plans.get(job)
        if plan is None:
            return frozenset()
        return self.followers.get(job, frozenset()) | ({job} if plan.is_limited else frozenset())


class CompiledPipelines:
    """Decoded pipelines by id and revision; the least recently used go first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[tuple[int, int], CompiledPipeline] = {}

    def get(self, pipeline: Pipeline) -> CompiledPipeline:
        """The compiled form of exactly this revision; a miss costs three queries."""
        key = (pipeline.id, pipeline.revision)
        found = self._kept.pop(key, None) or self._load(pipeline.id)
        self._kept[key] = found
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return found

    def prepare(
        self, pipeline: Pipeline, spec: bytes, jobs: Sequence[Job], resources: Sequence[ResourceState], run: RunInThread
    ) -> None:
        """Decode it by `run`, so that who asks next need not wait for that. Takes its time: not in a transaction."""
        self._kept[pipeline.id, pipeline.revision] = run(_decoded, spec, jobs, resources)

    def _load(self, pipeline_id: int) -> CompiledPipeline:
        spec = self._store.pipelines.source(pipeline_id).spec
        return _decoded(spec, self._store.jobs.list(pipeline_id), self._store.resources.list(pipeline_id))


def _decoded(spec: bytes, jobs: Sequence[Job], resources: Sequence[ResourceState]) -> CompiledPipeline:
    job_ids = {job.name: job.id for job in jobs}
    return compile_pipeline(decode_spec(spec), job_ids, {found.canonical: found.id for found in resources})


def compile_pipeline(
    spec: PipelineSpec, job_ids: Mapping[str, int], resource_ids: Mapping[str, int]
) -> CompiledPipeline:
    """Work out, once, who has to look when something happens in the pipeline."""
    followers: dict[str, set[str]] = {}
    getters: dict[str, set[str]] = {}
    members: dict[str, set[str]] = {}
    for job in spec.jobs:
        for get in job.gets():
            getters.setdefault(get.resource, set()).add(job.name)
            for upstream in get.passed:
                followers.setdefault(upstream, set()).add(job.name)
        for group in job.serial_groups:
            members.setdefault(group, set()).add(job.name)
    return CompiledPipeline(
        spec=spec,
        plans={job.name: job for job in spec.jobs},
        job_ids=job_ids,
        job_names={job_id: name for name, job_id in job_ids.items()},
        resource_ids=resource_ids,
        followers={name: frozenset(jobs) for name, jobs in followers.items()},
        getters={name: frozenset(jobs) for name, jobs in getters.items()},
        linked=_link(job_ids, members.values()),
    )


def _link(job_ids: Mapping[str, int], groups: Iterable[AbstractSet[str]]) -> dict[str, Sequence[int]]:
    linked = {name: frozenset({name}) for name in job_ids}
    for group in groups:
        joined = frozenset[str]().union(*(linked[name] for name in group if name in linked))
        linked.update(dict.fromkeys(joined, joined))
    ids = {names: sorted(job_ids[name] for name in names) for names in set(linked.values())}
    return {name: ids[names] for name, names in linked.items()}
