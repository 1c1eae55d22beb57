"""People, teams and what they may do."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from pikoci.internal.domain.errors import UnauthenticatedError


class Role(StrEnum):
    """A member's rights in a team, each including the ones before it."""

    READ = "read"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team owns pipelines. The team `main` always exists."""

    id: int
    name: str


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person. `is_admin` is the global administrator. A changed password raises `session_epoch`."""

    id: int
    name: str
    password_hash: str
    is_admin: bool = False
    must_change_password: bool = False
    session_epoch: int = 0


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request. Anonymous callers have `user` None.

    `address` is where the request comes from, and `credential` the kind and the id of what it came with, for the audit
    log.
    """

    user: User | None = None
    roles: dict[str, Role] = {}
    address: str = ""
    credential: str = ""

    def require_user(self) -> User:
        """The user who makes the request. Raises UnauthenticatedError for a stranger."""
        if self.user is None:
            raise UnauthenticatedError("this needs a login", hint="log in and send the token with the request")
        return self.user

    def may(self, team: str, role: Role) -> bool:
        """Whether the principal has at least `role` in the team of that name."""
        if self.user is None:
            return False
        held = self.roles.get(team)
        return self.user.is_admin or (held is not None and held.includes(role))


#: Who acts when the installation itself does something: a pipeline set at the server's start, say.
SYSTEM = Principal(user=User(id=0, name="system", password_hash="", is_admin=True))
