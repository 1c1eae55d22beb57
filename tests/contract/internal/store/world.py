"""Short ways to make what the tests are about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from msgspec.structs import replace

from pikoci.internal.domain.build import Build, BuildStatus, InputChoice, WaitingLine
from pikoci.internal.domain.pipeline import Job, Pipeline, PipelineSource, ResourceState, Version
from pikoci.internal.store.store import SqlStore

SOURCE = PipelineSource(config="# nothing", variables={"token": "s3cret"}, spec=b'{"jobs":[]}')


def wished(name: str, **fields: Any) -> ResourceState:
    """A resource as a pipeline file asks for it; `name` is canonical."""
    kind, _, rest = name.partition(".")
    settings: dict[str, Any] = {"check_interval": "@every 1m", "next_check_at": 100.0, "webhook_token": f"hook-{name}"}
    return ResourceState(id=0, pipeline_id=0, type=kind, name=rest, **settings | fields)


class _UndoneError(Exception):
    pass


def claim_next(
    store: SqlStore, build: Build, worker: str, instance: str, now: float = 5.0, until: float = 35.0
) -> Build | None:
    """Whatever is next where the build waits, for its message."""
    line = WaitingLine(head=build.id, queue=build.queue, pipeline_id=build.pipeline_id, team="")
    return store.builds.claim_next(line, build.id, worker, instance, now, until)


class World:
    """A pipeline `p` with a job `build` and a resource `git.repo`, made when first asked for."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store

    def transact(self, *steps: Callable[[], object], snapshot: bool = False) -> None:
        """The steps in one transaction."""
        with self.store.transaction(snapshot=snapshot):
            for step in steps:
                step()

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """A transaction that fails at its end."""
        with suppress(_UndoneError), self.store.transaction():
            yield
            raise _UndoneError

    def pipeline(self, name: str = "p") -> Pipeline:
        found = self.store.pipelines.find("main", name)
        if found:
            return found
        team = self.store.accounts.find_team("main")
        assert team
        with self.store.transaction():
            return self.store.pipelines.create(team.id, name, SOURCE, now=1.0)

    def job(self, name: str = "build") -> Job:
        return self.jobs(name)[0]

    def jobs(self, *names: str, pipeline: str = "p") -> list[Job]:
        owner = self.pipeline(pipeline)
        present = [job.name for job in self.store.jobs.list(owner.id)]
        with self.store.transaction():
            self.store.jobs.sync(owner.id, list(dict.fromkeys([*present, *names])))
        found = [self.store.jobs.find(owner.id, name) for name in names]
        return [job for job in found if job]

    def resource(self, name: str = "git.repo", **fields: Any) -> ResourceState:
        return self.resources(wished(name, **fields))[0]

    def resources(self, *wishes: ResourceState) -> list[ResourceState]:
        owner = self.pipeline()
        names = {wish.canonical for wish in wishes}
        present = [one for one in self.store.resources.list(owner.id) if one.canonical not in names]
        with self.store.transaction():
            made = self.store.resources.sync(owner.id, [*present, *wishes])
        return made[len(present) :]

    def versions(self, *refs: object, resource: str = "git.repo") -> list[Version]:
        """Versions {"ref": …} of a resource, whether new or known."""
        owner = self.resource(resource)
        with self.store.transaction():
            self.store.versions.save(owner.id, [{"ref": ref} for ref in refs], now=2.0)
        found = [self.store.versions.find(owner.id, {"ref": ref}) for ref in refs]
        return [version for version in found if version]

    def build(self, job: str | Job = "build", inputs: list[InputChoice] | None = None, **fields: Any) -> Build:
        owner = self.job(job) if isinstance(job, str) else job
        draft: dict[str, Any] = {"id": 0, "number": 0, "created_at": 3.0, "created_by": "bob"}
        build = Build(pipeline_id=owner.pipeline_id, job_id=owner.id, job=owner.name, **draft | fields)
        with self.store.transaction():
            return self.store.builds.create(build, inputs or [])

    def claimed(self, worker: str = "w1", instance: str = "i1", lease_until: float = 35.0, **fields: Any) -> Build:
        build = self.build(**{"dispatched_at": 4.0, **fields})
        with self.store.transaction():
            claimed = self.claim(build, worker, instance, 5.0, lease_until)
        assert claimed
        return claimed

    def claim(self, build: Build, worker: str, instance: str, now: float = 5.0, until: float = 35.0) -> Build | None:
        """Whatever is next where this build waits, for its message."""
        return claim_next(self.store, build, worker, instance, now, until)

    def ended(self, job: str = "build", status: BuildStatus = BuildStatus.SUCCEEDED, **fields: Any) -> Build:
        build = self.build(job, **{"status": status, "finished_at": 9.0, **fields})
        assert build.status.is_final
        return build

    def saved(self, build: Build, **changes: Any) -> Build:
        changed = replace(build, **changes)
        with self.store.transaction():
            self.store.builds.save(changed)
        return changed

    def delete(self, pipeline_id: int) -> int:
        """Delete a pipeline to its last row; returns in how many parts."""
        with self.store.transaction():
            self.store.deletions.hide(pipeline_id)
        after: int | None = 0
        parts = 0
        while after is not None:
            with self.store.transaction():
                after = self.store.deletions.delete_some(pipeline_id, after)
            parts += 1
        return parts

    def choice(self, version: Version, get: str = "repo", **upstream: int) -> InputChoice:
        return InputChoice(get=get, resource_id=version.resource_id, version_id=version.id, upstream=upstream)
