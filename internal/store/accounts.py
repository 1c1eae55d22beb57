"""Teams, users, memberships."""

from __future__ import annotations

from pikoci.internal.domain.accounts import Role, Team, User
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import TEAMS, USERS
from pikoci.internal.store.values import key_text

CREATE_TEAM = f"{TEAMS.insert()} ON CONFLICT DO NOTHING {TEAMS.returning}"
FIND_TEAM = f"{TEAMS.select} WHERE name = ?"
LIST_TEAMS = f"{TEAMS.select} ORDER BY name"
CREATE_USER = f"{USERS.insert()} ON CONFLICT DO NOTHING {USERS.returning}"
GET_USER = f"{USERS.select} WHERE id = ?"
FIND_USER = f"{USERS.select} WHERE name = ?"
LIST_USERS = f"{USERS.select} ORDER BY name"
COUNT_USERS = "SELECT COUNT(*) FROM users"
REHASH = (
    "UPDATE users SET password_hash = ?, must_change_password = FALSE, session_epoch = session_epoch + 1 WHERE id = ?"
)
SET_ADMIN = "UPDATE users SET is_admin = TRUE WHERE id = ?"
SET_ROLE = (
    "INSERT INTO memberships (team_id, user_id, role) VALUES (?, ?, ?)"
    " ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role"
)
DROP_ROLE = "DELETE FROM memberships WHERE team_id = ? AND user_id = ?"
ROLES = (
    "SELECT teams.name, memberships.role FROM memberships JOIN teams ON teams.id = memberships.team_id"
    " WHERE memberships.user_id = ?"
)
MEMBERS = (
    f"SELECT {USERS.columns}, memberships.role FROM memberships JOIN users ON users.id = memberships.user_id"
    " WHERE memberships.team_id = ? ORDER BY users.name"
)


class SqlAccounts:
    """Implements `AccountRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create_team(self, name: str) -> Team:
        """See `AccountRepository`."""
        made = self._session.change(CREATE_TEAM, TEAMS.values(Team(id=0, name=name)))
        if not made:
            raise ConflictError(f"there is a team {name} already")
        return TEAMS.read(made[0])

    def find_team(self, name: str) -> Team | None:
        """See `AccountRepository`."""
        row = self._session.row(FIND_TEAM, (key_text(name, "the team's name"),))
        return TEAMS.read(row) if row else None

    def list_teams(self) -> list[Team]:
        """See `AccountRepository`."""
        return [TEAMS.read(row) for row in self._session.rows(LIST_TEAMS)]

    def create_user(self, name: str, password_hash: str, *, is_admin: bool, must_change_password: bool) -> User:
        """See `AccountRepository`."""
        user = User(
            id=0,
            name=name,
            password_hash=password_hash,
            is_admin=is_admin,
            must_change_password=must_change_password,
        )
        made = self._session.change(CREATE_USER, USERS.values(user))
        if not made:
            raise ConflictError(f"there is a user {name} already")
        return USERS.read(made[0])

    def get_user(self, user_id: int) -> User | None:
        """See `AccountRepository`."""
        row = self._session.row(GET_USER, (user_id,))
        return USERS.read(row) if row else None

    def find_user(self, name: str) -> User | None:
        """See `AccountRepository`."""
        row = self._session.row(FIND_USER, (key_text(name, "the user's name"),))
        return USERS.read(row) if row else None

    def list_users(self) -> list[User]:
        """See `AccountRepository`."""
        return [USERS.read(row) for row in self._session.rows(LIST_USERS)]

    def count_users(self) -> int:
        """See `AccountRepository`."""
        return int(self._session.rows(COUNT_USERS)[0][0])

    def set_password(self, user_id: int, password_hash: str) -> None:
        """See `AccountRepository`."""
        self._session.write(REHASH, (key_text(password_hash, "the password hash"), user_id))

    def set_admin(self, user_id: int) -> None:
        """See `AccountRepository`."""
        self._session.write(SET_ADMIN, (user_id,))

    def set_role(self, team_id: int, user_id: int, role: Role | None) -> None:
        """See `AccountRepository`."""
        if role is None:
            self._session.write(DROP_ROLE, (team_id, user_id))
        else:
            self._session.write(SET_ROLE, (team_id, user_id, role.value))

    def roles(self, user_id: int) -> dict[str, Role]:
        """See `AccountRepository`."""
        return {name: Role(role) for name, role in self._session.rows(ROLES, (user_id,))}

    def members(self, team_id: int) -> list[tuple[User, Role]]:
        """See `AccountRepository`."""
        return [(USERS.read(row), Role(row[-1])) for row in self._session.rows(MEMBERS, (team_id,))]
