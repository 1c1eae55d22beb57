"""The users that builds run as, where the worker has some (`--build-users-group`)."""

from __future__ import annotations

from typing import Protocol

import msgspec


class BuildUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the machine that one build or check at a time borrows."""

    name: str
    uid: int
    gid: int


class Loan(Protocol):
    """A user for one build or check."""

    @property
    def user(self) -> BuildUser | None:
        """Whom commands run as; None for the worker's own user."""

    def take_up(self, work: str) -> BuildUser | None:
        """Begin a work, as the user that did it last if that one is free."""

    def end_processes(self) -> bool:
        """Kill all that still runs as the user; tell whether nothing is left."""

    def give_back(self) -> None:
        """Let others have the user. More than once does nothing."""


class Lender(Protocol):
    """Where a slot gets the user for what it will take from the queue."""

    def borrow(self, patience: float) -> Loan | None:
        """A user that nobody else has; None if there is none within `patience` seconds."""


class OwnUser:
    """Everything runs as the worker's own user: a lender and its one loan."""

    user = None

    def borrow(self, _: float) -> Loan:
        """Always at once."""
        return self

    def take_up(self, _: str) -> None:
        """There is nobody to choose from."""

    def end_processes(self) -> bool:
        """What a command leaves is killed at its end; more cannot be told from the worker itself."""
        return True

    def give_back(self) -> None:
        """There is nothing to give back."""
