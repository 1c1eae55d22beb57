"""Signed tokens: who a user, a worker or a stream's reader is."""

from __future__ import annotations

from typing import Literal

import msgspec

from pikoci.internal.domain.accounts import User
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.settings import ServiceSettings


class UserClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Whose session a token is."""

    user_id: int
    session_epoch: int


class WorkerClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker token opens; an empty `team` opens every team's work."""

    team: str = ""


class TokenService:
    """Makes and checks JWTs: HS256 only, an audience and a type for each kind, so that none stands in for another."""

    def __init__(self, secret: str, clock: Clock, settings: ServiceSettings) -> None:
        self._secret = secret
        self._clock = clock
        self._settings = settings

    def user_token(self, user: User) -> str:
        """A session of a user; ends after `session_lifetime`, or when the password changes."""
        raise NotImplementedError

    def read_user(self, token: str) -> UserClaims:
        """Raises UnauthenticatedError for anything but a valid user token."""
        raise NotImplementedError

    def worker_token(self, team: str = "") -> str:
        """A token for standalone workers; does not expire."""
        raise NotImplementedError

    def read_worker(self, token: str) -> WorkerClaims:
        """Raises UnauthenticatedError for anything but a valid worker token."""
        raise NotImplementedError

    def stream_token(self, build_id: int) -> str:
        """A token that opens the event stream of one build for a short time, for readers that cannot send headers."""
        raise NotImplementedError

    def read_stream(self, token: str) -> int:
        """The build's id. Raises UnauthenticatedError for anything but a valid stream token."""
        raise NotImplementedError


def signing_secret(store: Store, given: str | None) -> str:
    """The secret that was given, else the one this installation generated and keeps in its settings."""
    raise NotImplementedError


Kind = Literal["user", "worker", "stream"]
