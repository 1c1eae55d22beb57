"""Logins: begun, listed and ended."""

from __future__ import annotations

import builtins

import msgspec

from pikoci.internal.domain.accounts import Principal, User, UserSession
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.service.plumbing.bus import LOGINS
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.tokens import TokenService, UserClaims
from pikoci.internal.service.use_cases.access import find_user, require_admin, require_login
from pikoci.internal.service.use_cases.audited import audited

_MAX_CLIENT = 200


class SessionService:
    """Use cases around sessions: one's own, and everybody's for global administrators. No API token opens them."""

    def __init__(self, context: Context, tokens: TokenService) -> None:
        self._context = context
        self._store = context.store
        self._tokens = tokens

    def begin(self, user: User, address: str = "", client: str = "") -> str:
        """The token of a new session of a user, whose password was checked. `client` is what the program says it is."""
        token = self._tokens.user_token(user)
        claims = self._tokens.read_user(token)
        now = self._context.clock.now()
        session = UserSession(
            id=claims.id,
            user_id=user.id,
            epoch=user.session_epoch,
            created_at=now,
            expires_at=claims.expires_at,
            last_used_at=now,
            address=address,
            client=client[:_MAX_CLIENT],
        )
        with self._store.transaction():
            self._store.sessions.begin(session)
        return token

    def list(self, principal: Principal, user: str = "") -> builtins.list[UserSession]:
        """The open sessions of the principal, or of `user` (global administrators only), newest first."""
        owner = self._owner(principal, user)
        found = self._store.sessions.list(owner.id, owner.session_epoch, self._context.clock.now())
        return [self._with_last_use(one) for one in found]

    @audited("session.end", "session_id")
    def end(self, principal: Principal, session_id: str) -> None:
        """End one, on other servers within two seconds. Idempotent. Raises NotFoundError."""
        user = require_login(principal)
        session = self._store.sessions.get(session_id)
        if session is None or (session.user_id != user.id and not principal.is_admin):
            raise NotFoundError(f"there is no session {session_id}")
        with self._store.transaction():
            self._store.ended_sessions.end(session.id, session.expires_at)
        self._ended()

    @audited("session.end-others", "user")
    def end_others(self, principal: Principal, own: UserClaims | None, user: str = "") -> None:
        """End all sessions but the `own` one: those of the principal, or of `user` (global administrators only)."""
        owner = self._owner(principal, user)
        with self._store.transaction():
            self._context.audit.tell(object=owner.name)
            self._store.sessions.end_others(owner.id, own.id if own else "", self._context.clock.now())
        self._ended()

    def _owner(self, principal: Principal, user: str) -> User:
        login = require_login(principal)
        if user in {"", login.name}:
            return login
        require_admin(principal)
        return find_user(self._store, user)

    def _ended(self) -> None:
        self._store.after_commit(self._context.ended_sessions.forget)
        self._context.notify(LOGINS)

    def _with_last_use(self, session: UserSession) -> UserSession:
        use = self._context.last_use.of(session.id)
        if use is None or use[0] < session.last_used_at:
            return session
        return msgspec.structs.replace(session, last_used_at=use[0], address=use[1])
