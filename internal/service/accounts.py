"""People, teams and logins."""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.accounts import Principal, Role, Team, User
from pikoci.internal.service.context import Context


class AccountService:
    """Use cases around users and teams."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def login(self, name: str, password: str, address: str = "") -> User:
        """The user of that name and password. Takes as long for unknown names as for wrong passwords.

        Raises UnauthenticatedError, and RateLimitedError after too many failures of a name from an address.
        """
        raise NotImplementedError

    def change_password(self, principal: Principal, current: str, new: str) -> User:
        """Set one's own password; ends every session.

        Raises PermissionDeniedError when `current` is wrong, InvalidError for a password that cannot be.
        """
        raise NotImplementedError

    def ensure_first_admin(self, name: str = "admin", password: str = "admin") -> bool:  # noqa: S107 - must be changed
        """Where there are no users yet, make an administrator who must change this password; whether one was made."""
        raise NotImplementedError

    def ensure_users(self, pairs: Sequence[str]) -> None:
        """Make the users of `NAME:BCRYPT-HASH` pairs exist as administrators with these passwords.

        Raises InvalidError for a pair of another form, without showing the hash.
        """
        raise NotImplementedError

    def ensure_team(self, name: str) -> Team:
        """The team of that name, made where it is missing."""
        raise NotImplementedError

    def principal_for(self, user_id: int, session_epoch: int) -> Principal:
        """Who a session belongs to. Raises UnauthenticatedError when the user is gone or the password changed since."""
        raise NotImplementedError

    def list_users(self, principal: Principal) -> list[User]:
        """All users (global administrators only)."""
        raise NotImplementedError

    def create_user(self, principal: Principal, name: str, password: str, *, is_admin: bool = False) -> User:
        """Make a user, who must change the password (global administrators only).

        Raises ConflictError, InvalidError.
        """
        raise NotImplementedError

    def list_teams(self, principal: Principal) -> list[Team]:
        """The teams that the principal is in; all for a global administrator."""
        raise NotImplementedError

    def create_team(self, principal: Principal, name: str) -> Team:
        """Make a team (global administrators only). Raises ConflictError, InvalidError."""
        raise NotImplementedError

    def members(self, principal: Principal, team: str) -> list[tuple[User, Role]]:
        """The team's members (role read)."""
        raise NotImplementedError

    def set_role(self, principal: Principal, team: str, user: str, role: Role | None) -> None:
        """Give a user a role in the team, None takes the membership away (role admin)."""
        raise NotImplementedError
