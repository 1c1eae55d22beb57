"""Calls about users and teams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pikoci.pkg.client.transport import Transport, path

Json = dict[str, Any]


class Users:
    """`client.users`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Json]:
        """All users."""
        return self._transport.items(path("users"))

    def create(self, name: str, password: str, *, is_admin: bool = False) -> Json:
        """Make a user, who must change the password."""
        body = {"name": name, "password": password, "is_admin": is_admin}
        return dict(self._transport.change("POST", path("users"), body))


class Teams:
    """`client.teams`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Json]:
        """The teams that the login is in."""
        return self._transport.items(path("teams"))

    def create(self, name: str) -> Json:
        """Make a team."""
        return dict(self._transport.change("POST", path("teams"), {"name": name}))

    def members(self, team: str) -> Iterator[Json]:
        """The team's members with their roles."""
        return self._transport.items(path("teams", team, "members"))

    def set_member(self, team: str, user: str, role: str) -> None:
        """Give a user a role: read, write, maintain or admin."""
        self._transport.change("PUT", path("teams", team, "members", user), {"role": role})

    def remove_member(self, team: str, user: str) -> None:
        """End a membership."""
        self._transport.change("DELETE", path("teams", team, "members", user))
