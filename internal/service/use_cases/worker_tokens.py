"""Making, listing and revoking the tokens of workers."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.errors import InvalidError, NotFoundError, PermissionDeniedError
from pikoci.internal.domain.pipeline import WorkerToken
from pikoci.internal.service.plumbing.bus import worker_topic
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.tokens import TOKEN_ID, TokenService
from pikoci.internal.service.use_cases.access import name_of, require_admin, require_login, require_role
from pikoci.internal.service.use_cases.audited import audited

#: Stands for the name of who made the token that servers print; no user has such a name.
PRINTED_BY = "the server"


class WorkerTokenService:
    """Use cases around worker tokens: every team's for global administrators, a team's for its administrators."""

    def __init__(self, context: Context, tokens: TokenService) -> None:
        self._context = context
        self._store = context.store
        self._tokens = tokens

    @audited("worker-token.create", tells="tags")
    def create(
        self, principal: Principal, team: str = "", tags: Sequence[str] | None = None
    ) -> tuple[WorkerToken, str]:
        """A new token, and what is known of it; the token itself is kept nowhere. An empty `team` opens all work.

        Its worker may have the `tags`, None: any. Raises NotFoundError for a team that is not there, InvalidError for
        tags that are not valid.
        """
        self._require(principal, team)
        if team and self._store.accounts.find_team(team) is None:
            raise NotFoundError(f"there is no team {team}")
        token = self._tokens.worker_token(team, tags)
        opens = self._tokens.read_worker(token)
        made = WorkerToken(
            id=opens.id,
            team=team,
            tags=opens.tags,
            created_by=name_of(principal),
            created_at=self._context.clock.now(),
        )
        with self._store.transaction():
            self._store.worker_tokens.remember(made)
            self._context.audit.tell(object=made.id)
        return made, token

    def shared(self) -> tuple[str, bool]:
        """The token that servers print at their start, listed from now on; and whether it was revoked."""
        token_id, token = self._tokens.shared_token()
        made = WorkerToken(id=token_id, created_by=PRINTED_BY, created_at=self._context.clock.now())
        with self._store.transaction():
            self._store.worker_tokens.remember(made)
        return token, self._context.revocations.contains(token_id)

    def list(self, principal: Principal) -> builtins.list[WorkerToken]:
        """The tokens that were made, used or revoked here, newest first: those that the principal may revoke."""
        user = require_login(principal)
        administers = Role.ADMIN in principal.roles.values()
        if not user.is_admin and not administers:
            raise PermissionDeniedError("this needs an administrator, global or of a team")
        return [token for token in self._store.worker_tokens.list() if _may(principal, token.team)]

    @audited("worker-token.revoke", "token_id")
    def revoke(self, principal: Principal, token_id: str) -> None:
        """Refuse the token from now on, on other servers within two seconds; also one never seen here. Idempotent.

        What a worker with it runs is run again elsewhere once its leases lapse. Raises NotFoundError for a token that
        the principal may not know, InvalidError for what cannot be an id.
        """
        require_login(principal)
        if TOKEN_ID.fullmatch(token_id) is None:
            raise InvalidError(
                "this cannot be the id of a worker's token", hint="the list of worker tokens has the ids"
            )
        known = self._store.worker_tokens.get(token_id)
        if known is None or not _may(principal, known.team):
            self._require_unknown(principal, token_id)
        now = self._context.clock.now()
        with self._store.transaction():
            self._store.worker_tokens.remember(known or WorkerToken(id=token_id, created_at=now))
            self._store.worker_tokens.revoke(token_id, name_of(principal), now)
            self._context.audit.tell(team=known.team if known else "")
        self._store.after_commit(self._context.revocations.forget)
        for state in self._store.workers.list():
            if state.token_id == token_id:
                self._context.notify(worker_topic(state.name))

    def _require(self, principal: Principal, team: str) -> None:
        require_login(principal)
        if team:
            require_role(principal, team, Role.ADMIN)
        else:
            require_admin(principal)

    def _require_unknown(self, principal: Principal, token_id: str) -> None:
        """A token that nobody used yet may be anybody's, so only global administrators may revoke it."""
        if principal.user is not None and not principal.user.is_admin:
            raise NotFoundError(f"no worker token of your teams has the id {token_id}")
        require_admin(principal)


def _may(principal: Principal, team: str) -> bool:
    if team:
        return principal.may(team, Role.ADMIN)
    return principal.user is not None and principal.user.is_admin
