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


class UserSession(msgspec.Struct, frozen=True, kw_only=True):
    """A login. `epoch` is the user's `session_epoch` then, `client` what the program said that it is.

    `address` is where it was last used from. Times are seconds since the epoch.
    """

    id: str
    user_id: int
    epoch: int
    created_at: float
    expires_at: float
    last_used_at: float
    address: str = ""
    client: str = ""


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an API token, never the token itself. One without `user_id` is its team's own.

    With `team_id` it opens that team alone, with `pipeline_id` that pipeline alone; `user`, `team` and `pipeline` are
    their names, empty for what is gone. One that is `read_only` changes nothing; only with `is_admin` it is a global
    administrator's, while its owner is one. Times are seconds since the epoch; None for never.
    """

    id: int
    name: str
    role: Role
    created_by: str
    created_at: float
    user_id: int | None = None
    team_id: int | None = None
    pipeline_id: int | None = None
    read_only: bool = False
    is_admin: bool = False
    expires_at: float | None = None
    last_used_at: float | None = None
    last_used_from: str = ""
    user: str = ""
    team: str = ""
    pipeline: str = ""

    def opens(self, team: str, role: Role, pipeline: str = "") -> bool:
        """Whether it lets its owner use `role` in the team of that name, or in that pipeline of it."""
        in_team = self.team_id is None or self.team == team
        in_pipeline = self.pipeline_id is None or (bool(pipeline) and self.pipeline == pipeline)
        return in_team and in_pipeline and self.role.includes(role)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request. Anonymous callers have `user` None.

    With a `token` nobody has logged in: the request is made by a program, which may do what both `user` and token may.
    `address` is where the request comes from, and `credential` the kind and the id of what it came with, for the audit
    log.
    """

    user: User | None = None
    roles: dict[str, Role] = {}
    token: ApiToken | None = None
    address: str = ""
    credential: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether this is a global administrator."""
        return self.user is not None and self.user.is_admin and (self.token is None or self.token.is_admin)

    def require_user(self) -> User:
        """The user who makes the request. Raises UnauthenticatedError for a stranger."""
        if self.user is None:
            raise UnauthenticatedError("this needs a login", hint="log in and send the token with the request")
        return self.user

    def may(self, team: str, role: Role, pipeline: str = "") -> bool:
        """Whether the principal has at least `role` in the team of that name, or in that pipeline of it."""
        if self.user is None or (self.token is not None and not self.token.opens(team, role, pipeline)):
            return False
        held = self.roles.get(team)
        return self.user.is_admin or (held is not None and held.includes(role))

    def effective_roles(self) -> dict[str, Role]:
        """The roles by team, none higher than that of the token."""
        token = self.token
        if token is None:
            return self.roles
        return {
            team: token.role if role.includes(token.role) else role
            for team, role in self.roles.items()
            if token.team_id is None or token.team == team
        }


#: Who acts when the installation itself does something: a pipeline set at the server's start, say.
SYSTEM = Principal(user=User(id=0, name="system", password_hash="", is_admin=True))
