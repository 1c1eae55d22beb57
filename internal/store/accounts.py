"""Teams, users, memberships."""

from __future__ import annotations

from peewee import fn

from pikoci.internal.domain.accounts import Role, Team, User
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.store import models
from pikoci.internal.store.session import Row, Session
from pikoci.internal.store.values import key_text

_USER = (
    models.User.id,
    models.User.name,
    models.User.password_hash,
    models.User.is_admin,
    models.User.must_change_password,
    models.User.session_epoch,
)


class SqlAccounts:
    """Implements `AccountRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create_team(self, name: str) -> Team:
        """See `AccountRepository`."""
        insert = models.Team.insert(name=key_text(name, "the team's name")).on_conflict_ignore()
        made = self._session.execute_returning(insert.returning(models.Team.id))
        if not made:
            raise ConflictError(f"there is a team {name} already")
        return Team(id=made[0][0], name=name)

    def find_team(self, name: str) -> Team | None:
        """See `AccountRepository`."""
        found = self._session.query(models.Team.select().where(models.Team.name == key_text(name, "the team's name")))
        return Team(id=found[0][0], name=found[0][1]) if found else None

    def list_teams(self) -> list[Team]:
        """See `AccountRepository`."""
        rows = self._session.query(models.Team.select().order_by(models.Team.name))
        return [Team(id=row[0], name=row[1]) for row in rows]

    def create_user(self, name: str, password_hash: str, *, is_admin: bool, must_change_password: bool) -> User:
        """See `AccountRepository`."""
        insert = models.User.insert(
            name=key_text(name, "the user's name"),
            password_hash=key_text(password_hash, "the password hash"),
            is_admin=is_admin,
            must_change_password=must_change_password,
            session_epoch=0,
        )
        made = self._session.execute_returning(insert.on_conflict_ignore().returning(*_USER))
        if not made:
            raise ConflictError(f"there is a user {name} already")
        return _user(made[0])

    def get_user(self, user_id: int) -> User | None:
        """See `AccountRepository`."""
        found = self._session.query(models.User.select(*_USER).where(models.User.id == user_id))
        return _user(found[0]) if found else None

    def find_user(self, name: str) -> User | None:
        """See `AccountRepository`."""
        wanted = models.User.name == key_text(name, "the user's name")
        found = self._session.query(models.User.select(*_USER).where(wanted))
        return _user(found[0]) if found else None

    def list_users(self) -> list[User]:
        """See `AccountRepository`."""
        return [_user(row) for row in self._session.query(models.User.select(*_USER).order_by(models.User.name))]

    def count_users(self) -> int:
        """See `AccountRepository`."""
        return int(self._session.query(models.User.select(fn.COUNT(models.User.id)))[0][0])

    def set_password(self, user_id: int, password_hash: str) -> None:
        """See `AccountRepository`."""
        update = models.User.update(
            password_hash=key_text(password_hash, "the password hash"),
            must_change_password=False,
            session_epoch=models.User.session_epoch + 1,
        )
        self._session.execute(update.where(models.User.id == user_id))

    def set_admin(self, user_id: int) -> None:
        """See `AccountRepository`."""
        self._session.execute(models.User.update(is_admin=True).where(models.User.id == user_id))

    def set_role(self, team_id: int, user_id: int, role: Role | None) -> None:
        """See `AccountRepository`."""
        membership = models.Membership
        if role is None:
            gone = membership.delete().where((membership.team == team_id) & (membership.user == user_id))
            self._session.execute(gone)
            return
        insert = membership.insert(team=team_id, user=user_id, role=role.value)
        keys = [membership.team, membership.user]
        self._session.execute(insert.on_conflict(conflict_target=keys, update={membership.role: role.value}))

    def roles(self, user_id: int) -> dict[str, Role]:
        """See `AccountRepository`."""
        query = models.Membership.select(models.Team.name, models.Membership.role).join(models.Team)
        rows = self._session.query(query.where(models.Membership.user == user_id))
        return {name: Role(role) for name, role in rows}

    def members(self, team_id: int) -> list[tuple[User, Role]]:
        """See `AccountRepository`."""
        query = models.Membership.select(*_USER, models.Membership.role).join(models.User)
        rows = self._session.query(query.where(models.Membership.team == team_id).order_by(models.User.name))
        return [(_user(row), Role(row[6])) for row in rows]


def _user(row: Row) -> User:
    return User(
        id=row[0],
        name=row[1],
        password_hash=row[2],
        is_admin=bool(row[3]),
        must_change_password=bool(row[4]),
        session_epoch=row[5],
    )
