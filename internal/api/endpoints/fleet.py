"""Workers and queues."""

from __future__ import annotations

from pikoci.internal.api import render, views
from pikoci.internal.api.authentication import require_login
from pikoci.internal.api.bodies import PageQuery
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service import Services


class Fleet:
    """`/workers` and `/queues`."""

    def __init__(self, services: Services) -> None:
        self._workers = services.workers
        self._scheduling = services.scheduling

    def workers(self, request: ApiRequest, query: PageQuery) -> views.Listing[views.WorkerView]:
        """All workers with what they run."""
        found = [render.worker(one) for one in self._workers.list(request.principal)]
        return render.part(found, query.limit, query.cursor)

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

    def queues(self, request: ApiRequest, query: PageQuery) -> views.Listing[views.QueueView]:
        """The queues, and how many messages wait in each."""
        require_login(request.principal)
        found = [views.QueueView(name, depth) for name, depth in sorted(self._scheduling.depths().items())]
        return render.part(found, query.limit, query.cursor)
