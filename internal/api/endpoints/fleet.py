"""Workers and queues."""

from __future__ import annotations

from pikoci.internal.api import fleet_views, render, views
from pikoci.internal.api.bodies import NewWorkerToken, PageQuery
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service import Services


class Fleet:
    """`/workers`, `/worker-tokens` and `/queues`."""

    def __init__(self, services: Services) -> None:
        self._tokens = services.worker_tokens
        self._workers = services.workers
        self._monitoring = services.monitoring

    def workers(self, request: ApiRequest, query: PageQuery) -> views.Listing[fleet_views.WorkerView]:
        """All workers with what they run."""
        found = [render.worker(one) for one in self._workers.list(request.principal)]
        return render.part(found, query.limit, query.cursor)

    def worker(self, request: ApiRequest, worker: str) -> fleet_views.WorkerView:
        """One worker with what it runs."""
        return render.worker(self._workers.get(request.principal, worker))

    def cordon(self, request: ApiRequest, worker: str) -> None:
        """Ask a worker to take nothing new."""
        self._workers.cordon(request.principal, worker)

    def uncordon(self, request: ApiRequest, worker: str) -> None:
        """Undo a cordon."""
        self._workers.uncordon(request.principal, worker)

    def drain(self, request: ApiRequest, worker: str) -> None:
        """Ask a worker to finish what it runs, and end."""
        self._workers.drain(request.principal, worker)

    def delete(self, request: ApiRequest, worker: str) -> None:
        """Forget a worker that is gone."""
        self._workers.delete(request.principal, worker)

    def queues(self, request: ApiRequest, query: PageQuery) -> views.Listing[fleet_views.QueueView]:
        """The queues, and what waits in each."""
        states = self._monitoring.queues_of(request.principal)
        found = [render.queue(name, state) for name, state in sorted(states.items())]
        return render.part(found, query.limit, query.cursor)

    def tokens(self, request: ApiRequest, query: PageQuery) -> views.Listing[fleet_views.WorkerTokenView]:
        """The worker tokens that the caller may revoke."""
        found = [render.worker_token(one) for one in self._tokens.list(request.principal)]
        return render.part(found, query.limit, query.cursor)

    def create_token(self, request: ApiRequest, body: NewWorkerToken) -> fleet_views.NewWorkerTokenView:
        """Make a worker token."""
        made, token = self._tokens.create(request.principal, body.team or "", body.tags)
        return fleet_views.NewWorkerTokenView(made.id, made.team, made.tags, token)

    def revoke_token(self, request: ApiRequest, token_id: str) -> None:
        """Refuse a worker token from now on."""
        self._tokens.revoke(request.principal, token_id)
