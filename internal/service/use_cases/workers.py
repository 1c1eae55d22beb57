"""The fleet, as people see it and steer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import Build
from pikoci.internal.domain.errors import ConflictError, NotFoundError
from pikoci.internal.domain.pipeline import Pipeline, WorkerState
from pikoci.internal.service.plumbing.bus import worker_topic
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import require_admin
from pikoci.internal.service.use_cases.audited import audited
from pikoci.internal.service.use_cases.views import RunningBuild, WorkerView


class WorkerService:
    """Use cases around workers; what workers themselves ask is in `WorkerGateway`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def list(self, principal: Principal) -> list[WorkerView]:
        """The workers with what they run (any user); one without a heartbeat for a lease is `stalled`.

        A worker that is for one team's work is shown to members alone, and so are the builds of each team.
        """
        principal.require_user()
        builds: dict[str, list[Build]] = {}
        for build in self._store.builds.started():
            builds.setdefault(build.worker or "", []).append(build)
        checks = self._store.resources.count_checks()
        visible = self._visible(principal)
        return [
            self._view(state, builds.get(state.name, []), checks.get(state.name, 0), visible)
            for state in self._store.workers.list()
            if _may_see(principal, state)
        ]

    def get(self, principal: Principal, name: str) -> WorkerView:
        """One worker with what it runs, as `list` shows it. Raises NotFoundError."""
        principal.require_user()
        state = self._find(name)
        if not _may_see(principal, state):
            raise _no_worker(name)
        builds = [build for build, _ in self._store.builds.started_by(name)]
        return self._view(state, builds, self._store.resources.count_checks().get(name, 0), self._visible(principal))

    def _view(
        self, state: WorkerState, builds: Sequence[Build], checks: int, visible: Callable[[int], Pipeline | None]
    ) -> WorkerView:
        shown = [
            RunningBuild(build=build, team=found.team, pipeline=found.name)
            for build in builds
            if (found := visible(build.pipeline_id)) is not None
        ]
        return WorkerView(worker=self._context.fleet.aged(state), builds=shown, busy=len(builds), checks=checks)

    def _visible(self, principal: Principal) -> Callable[[int], Pipeline | None]:
        """Gives a pipeline by its id, None unless the principal is a member of its team; asks once for each."""

        @cache
        def find(pipeline_id: int) -> Pipeline | None:
            pipeline = self._store.pipelines.get(pipeline_id)
            seen = pipeline is not None and principal.may(pipeline.team, Role.READ, pipeline.name)
            return pipeline if seen else None

        return find

    @audited("worker.drain", "name")
    def drain(self, principal: Principal, name: str) -> None:
        """Ask a worker to finish what it runs and end (global administrators only). Raises NotFoundError.

        The wish ends with the process that it was for: one that is started afterwards works again.
        """
        self._ask(principal, name, lambda: self._store.workers.set_draining(name))

    @audited("worker.cordon", "name")
    def cordon(self, principal: Principal, name: str) -> None:
        """Ask a worker to take nothing new (global administrators only), also after it was started again.

        Raises NotFoundError.
        """
        self._ask(principal, name, lambda: self._store.workers.set_cordoned(name, True))

    @audited("worker.uncordon", "name")
    def uncordon(self, principal: Principal, name: str) -> None:
        """Undo `cordon`; a drain goes on."""
        self._ask(principal, name, lambda: self._store.workers.set_cordoned(name, False))

    @audited("worker.delete", "name")
    def delete(self, principal: Principal, name: str) -> None:
        """Forget a worker that is gone (global administrators only). Raises ConflictError while it is alive."""
        require_admin(principal)
        with self._store.transaction():
            state = self._find(name)
            if not self._context.fleet.is_gone(state):
                raise ConflictError(f"worker {name} is alive", hint="drain it first, and wait until it has ended")
            self._store.workers.delete(name)
        self._store.after_commit(self._context.fleet.forget)

    def _ask(self, principal: Principal, name: str, change: Callable[[], None]) -> None:
        require_admin(principal)
        with self._store.transaction():
            self._find(name)
            change()
        self._store.after_commit(self._context.fleet.forget)
        self._context.notify(worker_topic(name))

    def _find(self, name: str) -> WorkerState:
        state = self._store.workers.get(name)
        if state is None:
            raise _no_worker(name)
        return state


def _may_see(principal: Principal, state: WorkerState) -> bool:
    return not state.team or principal.may(state.team, Role.READ)


def _no_worker(name: str) -> NotFoundError:
    return NotFoundError(f"there is no worker {name}")
