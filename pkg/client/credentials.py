"""Calls about API tokens and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pikoci.pkg.client.transport import Transport, path

Json = dict[str, Any]


class ApiTokens:
    """`client.api_tokens`. An API token opens none of these: they need a login."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, team: str = "", user: str = "") -> Iterator[Json]:
        """What is known of the login's own tokens, of a `team`'s own, or of another `user`'s."""
        return self._transport.items(path("api-tokens"), _given(team=team, user=user))

    def create(
        self,
        name: str,
        role: str = "write",
        *,
        team: str = "",
        pipeline: str = "",
        of_team: bool = False,
        read_only: bool = False,
        is_admin: bool = False,
        **expiry: int | None,
    ) -> Json:
        """A new token, shown this once. It lasts `expires_in` seconds, None for ever; 90 days if not given."""
        wish = _given(team=team, pipeline=pipeline, of_team=of_team, read_only=read_only, is_admin=is_admin)
        body = {"name": name, "role": role, **wish, **expiry}
        return dict(self._transport.send("POST", path("api-tokens"), body=body))

    def revoke(self, token_id: int) -> None:
        """Refuse a token from now on."""
        self._transport.change("DELETE", path("api-tokens", token_id))


class Sessions:
    """`client.sessions`. An API token opens none of these: they need a login."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, user: str = "") -> Iterator[Json]:
        """The open sessions of the login, or of another `user`, newest first."""
        return self._transport.items(path("sessions"), _given(user=user))

    def end(self, session_id: str) -> None:
        """End one."""
        self._transport.change("DELETE", path("sessions", session_id))

    def end_others(self, user: str = "") -> None:
        """End all but the one that asks, or all of another `user`."""
        self._transport.send("DELETE", path("sessions"), params=_given(user=user))


def _given(**fields: object) -> Json:
    return {name: value for name, value in fields.items() if value}
