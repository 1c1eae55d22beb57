"""Setting, listing and deleting the entries of the server's own store of secrets."""

from __future__ import annotations

import builtins
import logging

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.errors import ConflictError, InvalidError, NotFoundError, TooLargeError
from pikoci.internal.domain.names import MAX_LABEL, SECRET
from pikoci.internal.domain.secret_entries import MAX_ENTRIES, MAX_VALUE, SecretEntry
from pikoci.internal.domain.suggestions import did_you_mean
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.use_cases.access import find_pipeline, name_of, require_role
from pikoci.internal.service.use_cases.audited import audited

log = logging.getLogger(__name__)


class SecretService:
    """Use cases around secrets of a team, or where `pipeline` is given of that one. Values are never given back."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    @audited("secret.set", "team pipeline name")
    def set(self, principal: Principal, team: str, pipeline: str, name: str, value: str) -> None:
        """Keep a value under the name (role maintain), in place of the one that was there.

        Raises ConflictError where the server has no key to encrypt with, or there are too many entries, InvalidError
        and TooLargeError.
        """
        team_id, pipeline_id = self._owner(principal, team, pipeline, Role.MAINTAIN)
        if not self._store.secrets.can_keep():
            raise ConflictError(
                "this server keeps no secrets: it has no --secret-key to encrypt them with",
                hint="start it with SECRET_KEY, such as `openssl rand -base64 48` makes",
            )
        _check(name, value)
        now = self._context.clock.now()
        entry = SecretEntry(
            id=0, team_id=team_id, pipeline_id=pipeline_id, name=name, set_by=name_of(principal), set_at=now
        )
        with self._store.transaction():
            known = {one.name for one in self._store.secrets.list(team_id, pipeline_id)}
            if name not in known and len(known) >= MAX_ENTRIES:
                raise ConflictError(f"there are {MAX_ENTRIES:,} secrets already", hint="delete those of no use")
            self._store.secrets.put(entry, value)
        self._note("a secret was set", principal, team, pipeline, name)

    def list(self, principal: Principal, team: str, pipeline: str = "") -> builtins.list[SecretEntry]:
        """What is known of the entries (role read), by name."""
        return self._store.secrets.list(*self._owner(principal, team, pipeline, Role.READ))

    @audited("secret.delete", "team pipeline name")
    def delete(self, principal: Principal, team: str, pipeline: str, name: str) -> None:
        """Forget an entry (role maintain). Raises NotFoundError."""
        team_id, pipeline_id = self._owner(principal, team, pipeline, Role.MAINTAIN)
        with self._store.transaction():
            if not self._store.secrets.delete(team_id, pipeline_id, name):
                known = (one.name for one in self._store.secrets.list(team_id, pipeline_id))
                owner = f"pipeline {pipeline}" if pipeline else f"team {team}"
                raise NotFoundError(f"{owner} has no secret {name}", hint=did_you_mean(name, known))
        self._note("a secret was deleted", principal, team, pipeline, name)

    def _owner(self, principal: Principal, team: str, pipeline: str, role: Role) -> tuple[int, int | None]:
        if pipeline:
            found = find_pipeline(self._store, principal, team, pipeline, role)
            return found.team_id, found.id
        require_role(principal, team, role)
        owner = self._store.accounts.find_team(team)
        if owner is None:
            raise NotFoundError(f"there is no team {team}")
        return owner.id, None

    def _note(self, event: str, principal: Principal, team: str, pipeline: str, name: str) -> None:
        """Tell the log who did it, once it is done."""
        ids = {"by": name_of(principal), "team": team, "secret": name}
        extra = {**ids, "pipeline": pipeline} if pipeline else ids
        self._store.after_commit(lambda: log.info(event, extra=extra))


def _check(name: str, value: str) -> None:
    if not SECRET.allows(name):
        raise InvalidError(f"{name[:MAX_LABEL]!r} cannot be the name of a secret", hint=f"it {SECRET.sentence}")
    if not value or "\0" in value:
        raise InvalidError("the value of a secret has at least one character, and no NUL")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise InvalidError(
            "the value of a secret must be valid text", hint="encode other data, in base64 say"
        ) from error
    if size > MAX_VALUE:
        raise TooLargeError(f"a secret has at most {MAX_VALUE:,} bytes")
