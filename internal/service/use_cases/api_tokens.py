"""Tokens of users and teams for robots and scripts: made, listed, revoked, and who makes a request with one."""

from __future__ import annotations

import builtins
import logging

import msgspec

from pikoci.internal.domain.accounts import ApiToken, Principal, Role, User
from pikoci.internal.domain.api_tokens import DEFAULT_LIFETIME, MAX_TOKENS, digest_of, is_whole, new_token
from pikoci.internal.domain.duration import format_duration
from pikoci.internal.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from pikoci.internal.domain.names import LABEL, MAX_LABEL
from pikoci.internal.service.plumbing.bus import LOGINS
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import (
    find_pipeline,
    find_user,
    name_of,
    principal_of,
    require_admin,
    require_login,
    require_role,
)
from pikoci.internal.service.use_cases.audited import audited

log = logging.getLogger(__name__)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A token that somebody asks for, for the `team` alone, and of that the `pipeline` alone, where these are given.

    `of_team` makes it the team's own, which stays when its maker goes. `lifetime` is in seconds, None for ever, and 90
    days, or less where the server asks for that, if it is not given.
    """

    name: str
    role: Role = Role.WRITE
    team: str = ""
    pipeline: str = ""
    of_team: bool = False
    read_only: bool = False
    is_admin: bool = False
    lifetime: float | msgspec.UnsetType | None = msgspec.UNSET


class ApiTokenService:
    """Use cases around API tokens. One's own are everybody's, a team's own are its administrators'.

    Global administrators see and revoke all. No API token opens these: none makes, shows or revokes another.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    @audited("api-token.create")
    def create(self, principal: Principal, wish: Wish) -> tuple[ApiToken, str]:
        """A new token, and what is known of it; the token itself is kept nowhere.

        Raises PermissionDeniedError for what its maker may not do, and for a life that is longer than any has here,
        NotFoundError for a team or pipeline that is not there, ConflictError where the name is taken or there are too
        many, InvalidError for limits that don't go together.
        """
        limits = {"pipeline": wish.pipeline, "of_team": "yes" if wish.of_team else ""}
        self._context.audit.tell(object=wish.name, team=wish.team, role=wish.role, **limits)
        user = require_login(principal)
        self._check(principal, wish)
        lifetime = self._lifetime(wish.lifetime)
        pipeline = find_pipeline(self._store, principal, wish.team, wish.pipeline, Role.READ) if wish.pipeline else None
        team = self._store.accounts.find_team(wish.team) if wish.team else None
        if wish.team and team is None:
            raise NotFoundError(f"there is no team {wish.team}")
        now = self._context.clock.now()
        draft = ApiToken(
            id=0,
            name=wish.name,
            role=wish.role,
            created_by=user.name,
            created_at=now,
            user_id=None if wish.of_team else user.id,
            team_id=team.id if team else None,
            pipeline_id=pipeline.id if pipeline else None,
            read_only=wish.read_only,
            is_admin=wish.is_admin,
            expires_at=None if lifetime is None else now + lifetime,
        )
        text = new_token()
        with self._store.transaction():
            if len(self._beside(draft)) >= MAX_TOKENS:
                raise ConflictError(f"there are {MAX_TOKENS} tokens already", hint="delete those of no use")
            made = self._store.api_tokens.create(draft, digest_of(text))
            if made is None:
                self._context.audit.not_yet()
            else:
                self._context.audit.tell(id=str(made.id))
        if made is None:
            raise ConflictError(f"there is a token {wish.name} already", hint="delete it first, or give another name")
        self._note("an API token was made", principal, made)
        return made, text

    def list(self, principal: Principal, team: str = "", user: str = "") -> builtins.list[ApiToken]:
        """The tokens of the principal, of the team itself (role admin), or of `user` (global administrators only)."""
        login = require_login(principal)
        if team:
            require_role(principal, team, Role.ADMIN)
            owner = self._store.accounts.find_team(team)
            if owner is None:
                raise NotFoundError(f"there is no team {team}")
            found = self._store.api_tokens.of_team(owner.id)
        elif user in {"", login.name}:
            found = self._store.api_tokens.of_user(login.id)
        else:
            require_admin(principal)
            found = self._store.api_tokens.of_user(find_user(self._store, user).id)
        return [self._with_last_use(token) for token in found]

    @audited("api-token.revoke", "token_id")
    def revoke(self, principal: Principal, token_id: int) -> None:
        """Refuse the token from now on, on other servers within two seconds; what it opened ends within another.

        Raises NotFoundError, also for a token that the principal may not know.
        """
        user = require_login(principal)
        token = self._store.api_tokens.get(token_id)
        if token is None or not _may_revoke(principal, user, token):
            raise NotFoundError(f"there is no API token with the id {token_id}, or it is not yours")
        with self._store.transaction():
            self._store.api_tokens.delete(token_id)
            self._context.audit.tell(object=token.name, team=token.team, id=str(token.id), of=token.user)
        self._context.notify(LOGINS)
        self._note("an API token was revoked", principal, token)

    def open(self, text: str) -> Principal:
        """Who makes a request with this token, as far as that is known now.

        Raises UnauthenticatedError for a token that is not known, has expired, or whose owner or limits are gone.
        """
        token = self._store.api_tokens.find(digest_of(text)) if is_whole(text) else None
        if token is None:
            raise UnauthenticatedError(
                "the API token is not valid here", hint="it was revoked, or copied in part: make a new one"
            )
        if token.expires_at is not None and token.expires_at <= self._context.clock.now():
            raise UnauthenticatedError("the API token has expired", hint="make a new one")
        if (token.team_id is not None and not token.team) or (token.pipeline_id is not None and not token.pipeline):
            raise UnauthenticatedError("what the API token is for is gone", hint="make a new one")
        if token.user_id is not None:
            return msgspec.structs.replace(principal_of(self._store, token.user_id), token=token)
        # No user's name has spaces, and none of them has such an id.
        team = User(id=-token.id, name=f"token {token.name} of team {token.team}", password_hash="")
        return Principal(user=team, roles={token.team: token.role}, token=token)

    def _check(self, principal: Principal, wish: Wish) -> None:
        if not LABEL.allows(wish.name):
            raise InvalidError(f"{wish.name[:MAX_LABEL]!r} cannot be the name of a token", hint=f"it {LABEL.sentence}")
        if not wish.team and (wish.pipeline or wish.of_team):
            what = "a token for a pipeline" if wish.pipeline else "a team's own token"
            raise InvalidError(f"{what} needs the name of the team", hint="give the team, too")
        self._check_rights(principal, wish)

    def _check_rights(self, principal: Principal, wish: Wish) -> None:
        if wish.of_team:
            require_role(principal, wish.team, Role.ADMIN)
        elif wish.team:
            require_role(principal, wish.team, Role.READ)
            require_role(principal, wish.team, wish.role)
        elif wish.role is not Role.READ and not (
            principal.is_admin or any(role.includes(wish.role) for role in principal.roles.values())
        ):
            raise PermissionDeniedError(
                f"you have the role {wish.role} in no team, and a token has none that its owner has not",
                hint="ask for a lower role",
            )
        if wish.is_admin:
            require_admin(principal)
            if wish.team or wish.role is not Role.ADMIN:
                raise InvalidError(
                    "a global administrator's token has the role admin in every team",
                    hint="ask for the role admin, without a team",
                )

    def _lifetime(self, lifetime: float | msgspec.UnsetType | None) -> float | None:
        most = self._context.settings.api_token_lifetime
        if lifetime is msgspec.UNSET:
            return DEFAULT_LIFETIME if most is None else min(DEFAULT_LIFETIME, most)
        if most is not None and (lifetime is None or lifetime > most):
            raise PermissionDeniedError(
                f"API tokens of this server last at most {format_duration(most)}",
                hint="ask for less; the server's --api-token-lifetime sets it",
            )
        return lifetime

    def _beside(self, token: ApiToken) -> builtins.list[ApiToken]:
        """The tokens of the same owner."""
        if token.user_id is not None:
            return self._store.api_tokens.of_user(token.user_id)
        return self._store.api_tokens.of_team(token.team_id or 0)

    def _with_last_use(self, token: ApiToken) -> ApiToken:
        use = self._context.last_use.of(token.id)
        if use is None or use[0] < (token.last_used_at or 0.0):
            return token
        return msgspec.structs.replace(token, last_used_at=use[0], last_used_from=use[1])

    def _note(self, event: str, principal: Principal, token: ApiToken) -> None:
        """Tell the log who did it, once it is done."""
        ids = {"by": name_of(principal), "token": token.name, "token_id": token.id}
        self._store.after_commit(lambda: log.info(event, extra=ids))


def _may_revoke(principal: Principal, user: User, token: ApiToken) -> bool:
    if token.user_id is None:
        return principal.may(token.team, Role.ADMIN)
    return token.user_id == user.id or principal.is_admin
