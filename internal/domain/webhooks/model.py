"""What a delivery is, and what becomes of it once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec


class Delivery(msgspec.Struct, frozen=True):
    """What was posted: the `headers` that count, by their names in lower case, and the body as it came."""

    headers: Mapping[str, str] = {}
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header; empty where it is not given."""
        return self.headers.get(name, "")


class Change(msgspec.Struct, frozen=True):
    """A branch or tag that was pushed. `files` are those that its commits touch; None where the event may lack some."""

    kind: Literal["branch", "tag"]
    name: str
    deleted: bool = False
    files: frozenset[str] | None = None


class Ping(msgspec.Struct, frozen=True):
    """A forge tries the address out."""


class Push(msgspec.Struct, frozen=True):
    """Branches and tags were pushed. `default_branch` is empty where the event does not name it."""

    changes: tuple[Change, ...]
    default_branch: str = ""


class PullRequest(msgspec.Struct, frozen=True):
    """Something happened to a pull request, or merge request."""


#: None is an event of which nothing is known.
Event = Ping | Push | PullRequest | None
