"""Teams, users, memberships; what the installation keeps for itself."""

from __future__ import annotations

from typing import Protocol

from pikoci.internal.domain.accounts import Role, Team, User


class AccountRepository(Protocol):
    """Teams, users, memberships."""

    def create_team(self, name: str) -> Team:
        """Raises ConflictError when the name is taken."""

    def find_team(self, name: str) -> Team | None:
        """The team of that name, or None."""

    def list_teams(self) -> list[Team]:
        """All teams, by name."""

    def create_user(self, name: str, password_hash: str, *, is_admin: bool, must_change_password: bool) -> User:
        """Raises ConflictError when the name is taken."""

    def get_user(self, user_id: int) -> User | None:
        """The user, or None."""

    def find_user(self, name: str) -> User | None:
        """The user of that name, or None."""

    def list_users(self) -> list[User]:
        """By name."""

    def count_users(self) -> int:
        """How many users there are."""

    def set_password(self, user_id: int, password_hash: str) -> None:
        """Also raises the session epoch and clears must_change_password."""

    def set_admin(self, user_id: int) -> None:
        """Make the user a global administrator."""

    def set_role(self, team_id: int, user_id: int, role: Role | None) -> None:
        """None takes the membership away."""

    def roles(self, user_id: int) -> dict[str, Role]:
        """Team name -> role."""

    def members(self, team_id: int) -> list[tuple[User, Role]]:
        """By user name."""


class EndedSessionRepository(Protocol):
    """Sessions of users that were ended before their token runs out."""

    def end(self, session_id: str, expires_at: float) -> None:
        """Keep that the session has ended; its token runs out at `expires_at`."""

    def ended(self) -> frozenset[str]:
        """The ids of all ended sessions that are kept."""

    def delete_expired(self, now: float) -> int:
        """Forget those whose token has run out; returns how many."""


class SettingRepository(Protocol):
    """Values that the installation keeps for itself, such as a generated signing secret."""

    def get(self, key: str) -> str | None:
        """The value kept for the key, or None."""

    def put_if_absent(self, key: str, value: str) -> str:
        """Keep the first value ever given for the key, and return that one."""


class IdempotencyRepository(Protocol):
    """Answers to changing requests that carried an Idempotency-Key."""

    def find(self, scope: str, key: str) -> tuple[str, int, bytes] | None:
        """(fingerprint of the request, status, body) of the first request with the key, or None."""

    def begin(self, scope: str, key: str, fingerprint: str, now: float) -> bool:
        """Whether this is the first request with the key; `finish` belongs into the same transaction.

        Waits for the transaction of another one that has begun.
        """

    def finish(self, scope: str, key: str, status: int, body: bytes) -> None:
        """Keep the answer to the request that has begun."""

    def delete_before(self, before: float) -> int:
        """Forget answers kept before that time; returns how many."""
