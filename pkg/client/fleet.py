"""Calls about workers and queues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pikoci.pkg.client.transport import Transport, path

Json = dict[str, Any]


class Workers:
    """`client.workers`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Json]:
        """All workers with what they run."""
        return self._transport.items(path("workers"))

    def cordon(self, name: str) -> None:
        """Give it nothing new."""
        self._transport.change("POST", path("workers", name, "cordon"))

    def uncordon(self, name: str) -> None:
        """Undo a cordon."""
        self._transport.change("POST", path("workers", name, "uncordon"))

    def drain(self, name: str) -> None:
        """Let it finish what it runs, and end."""
        self._transport.change("POST", path("workers", name, "drain"))

    def delete(self, name: str) -> None:
        """Forget a worker that is gone."""
        self._transport.change("DELETE", path("workers", name))

    def queues(self) -> Iterator[Json]:
        """The queues and how many messages wait in each."""
        return self._transport.items(path("queues"))
