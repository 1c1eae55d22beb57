"""Encryption of what the database holds already."""

from __future__ import annotations

from typing import Protocol


class SealedRepository(Protocol):
    """The values that are encrypted where there is a key. Meant for the start of a server."""

    def unreadable(self) -> dict[str, int]:
        """How many values are encrypted with which keys that this server does not have, by their ids."""

    def unreadable_pipelines(self) -> list[tuple[str, str]]:
        """Team and name of the pipelines among them."""

    def forget(self) -> int:
        """Delete those that belong to no pipeline's file: secrets, and what the installation keeps for itself."""

    def seal_all(self) -> int:
        """Encrypt all that is not encrypted with the first key, a little at a time; returns how many values.

        Does nothing without keys, and leaves what is unreadable. Called outside of transactions.
        """
