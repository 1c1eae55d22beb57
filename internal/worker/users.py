"""The users that builds run as, where the worker has some (`--build-users-group`)."""

from __future__ import annotations

import msgspec


class BuildUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the machine that one build or check at a time borrows."""

    name: str
    uid: int
    gid: int
