"""What answers say of API tokens and sessions; see `views`."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from pikoci.internal.domain.accounts import ApiToken, UserSession


class ApiTokenView(Struct, frozen=True):
    """What is known of an API token, never the token itself. Without `user` it is the team's own.

    It opens the `team` alone, and of that the `pipeline` alone, where these are not empty. `expires_at` is null for one
    that never does, `last_used_at` for one that never was used; both are right to a minute.
    """

    id: int
    name: str
    user: str
    team: str
    pipeline: str
    role: str
    read_only: bool
    is_admin: bool
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str


class NewApiTokenView(ApiTokenView, frozen=True):
    """A new API token: `token` is shown this once."""

    token: str


class SessionView(Struct, frozen=True):
    """A login. `client` is what the program said that it is; `is_current` is the one that asks.

    `last_used_at` and `address`, from where, are right to a minute.
    """

    id: str
    is_current: bool
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime
    address: str
    client: str


def api_token(one: ApiToken) -> ApiTokenView:
    """What is known of a token."""
    return ApiTokenView(*_of_token(one))


def new_api_token(one: ApiToken, text: str) -> NewApiTokenView:
    """The same with the token itself."""
    return NewApiTokenView(*_of_token(one), text)


def session(one: UserSession, current: str) -> SessionView:
    """A session; `current` is the id of the caller's."""
    return SessionView(
        one.id,
        one.id == current,
        _moment(one.created_at),
        _moment(one.expires_at),
        _moment(one.last_used_at),
        one.address,
        one.client,
    )


def _of_token(
    one: ApiToken,
) -> tuple[int, str, str, str, str, str, bool, bool, str, datetime, datetime | None, datetime | None, str]:
    return (
        one.id,
        one.name,
        one.user,
        one.team,
        one.pipeline,
        one.role.value,
        one.read_only,
        one.is_admin,
        one.created_by,
        _moment(one.created_at),
        None if one.expires_at is None else _moment(one.expires_at),
        None if one.last_used_at is None else _moment(one.last_used_at),
        one.last_used_from,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
