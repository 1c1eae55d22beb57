"""Entries of the server's own store of secrets."""

from __future__ import annotations

import builtins
from typing import Protocol

from pikoci.internal.domain.secret_entries import SecretEntry


class SecretRepository(Protocol):
    """Secrets of teams (`pipeline_id` None) and of their pipelines, encrypted."""

    def can_keep(self) -> bool:
        """Whether there is a key to encrypt with."""

    def put(self, entry: SecretEntry, value: str) -> None:
        """Keep the value, in place of the one that was there; the entry's id is ignored.

        Raises RuntimeError without a key.
        """

    def list(self, team_id: int, pipeline_id: int | None) -> builtins.list[SecretEntry]:
        """By name."""

    def delete(self, team_id: int, pipeline_id: int | None, name: str) -> bool:
        """Whether it was there."""

    def read(self, team_id: int, pipeline_id: int, name: str) -> str | None:
        """The value of the pipeline's entry, else of its team's; None if neither has one.

        Raises ConflictError for one that no key of this server opens.
        """
