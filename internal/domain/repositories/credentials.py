"""API tokens, and the sessions of users."""

from __future__ import annotations

import builtins
from typing import Protocol

from pikoci.internal.domain.accounts import ApiToken, UserSession


class ApiTokenRepository(Protocol):
    """API tokens. The store never sees one: only its digest."""

    def create(self, token: ApiToken, digest: str) -> ApiToken | None:
        """The token with its id and the names of its owners; None where the owner has one of that name."""

    def get(self, token_id: int) -> ApiToken | None:
        """The token, or None."""

    def find(self, digest: str) -> ApiToken | None:
        """The token that has this digest, or None."""

    def of_user(self, user_id: int) -> list[ApiToken]:
        """A user's, by name."""

    def of_team(self, team_id: int) -> list[ApiToken]:
        """Those that are a team's own, by name."""

    def used(self, token_id: int, at: float, address: str) -> None:
        """Keep when it was last used, and from where."""

    def delete(self, token_id: int) -> bool:
        """Whether there was one."""

    def delete_expired(self, before: float) -> int:
        """Forget those that expired before that time; returns how many."""


class UserSessionRepository(Protocol):
    """Logins. Which of them were ended, `EndedSessionRepository` keeps."""

    def begin(self, session: UserSession) -> None:
        """Keep a new one."""

    def get(self, session_id: str) -> UserSession | None:
        """The session, ended or not, or None."""

    def list(self, user_id: int, epoch: int, now: float) -> builtins.list[UserSession]:
        """A user's that are open and of this epoch, newest first."""

    def used(self, session_id: str, at: float, address: str) -> None:
        """Keep when it was last used, and from where."""

    def end_others(self, user_id: int, but: str, now: float) -> int:
        """End all of a user's but the one of that id; returns how many had not been ended."""

    def delete_expired(self, now: float) -> int:
        """Forget those whose token has run out; returns how many."""
