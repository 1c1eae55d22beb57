"""Workers and their tokens."""

from __future__ import annotations

from typing import Protocol

from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.domain.pipeline import (
    WorkerState,
    WorkerToken,
)


class WorkerRepository(Protocol):
    """Workers that registered."""

    def register(self, hello: WorkerHello, now: float, *, team: str = "", token_id: str = "") -> WorkerState | None:
        """Insert or replace by name; returns what was there before.

        A wish to drain ends with the instance that it was for; a cordon stays. Raises UnavailableError when another
        instance registers at the same moment.
        """

    def seen(self, name: str, instance: str, state: str, now: float) -> WorkerState | None:
        """Record a heartbeat; None when that instance is not the registered one."""

    def get(self, name: str) -> WorkerState | None:
        """The worker of that name, or None."""

    def list(self) -> list[WorkerState]:
        """All workers, by name."""

    def set_cordoned(self, name: str, cordoned: bool) -> None:
        """Ask the worker to take nothing new, or to take work again."""

    def set_draining(self, name: str) -> None:
        """Ask this instance of the worker to end."""

    def delete(self, name: str) -> None:
        """Forget the worker."""


class WorkerTokenRepository(Protocol):
    """Tokens of workers that were made, used or revoked here."""

    def remember(self, token: WorkerToken) -> None:
        """Keep what is known of a token; one that is known already stays as it is."""

    def get(self, token_id: str) -> WorkerToken | None:
        """The token of that id, or None."""

    def list(self) -> list[WorkerToken]:
        """All tokens that are known, newest first."""

    def revoke(self, token_id: str, revoked_by: str, now: float) -> None:
        """Mark a known token as revoked, if it is not yet."""

    def revoked(self) -> frozenset[str]:
        """The ids of all revoked tokens."""
