"""People, teams and logins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pikoci.internal.domain.accounts import SYSTEM, Principal, Role, Team, User
from pikoci.internal.domain.audit import AuditEntry
from pikoci.internal.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    UnauthenticatedError,
)
from pikoci.internal.domain.names import ACCOUNT, MAX_NAME
from pikoci.internal.service.plumbing.attempts import LoginLimits
from pikoci.internal.service.plumbing.bus import LOGINS
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.password_queue import PasswordQueue
from pikoci.internal.service.plumbing.passwords import (
    NO_PASSWORD,
    check_new_password,
    hash_password,
    is_password_hash,
    verify_password,
)
from pikoci.internal.service.plumbing.ports import RunInThread
from pikoci.internal.service.plumbing.tokens import UserClaims
from pikoci.internal.service.use_cases.access import (
    find_user,
    name_of,
    principal_of,
    require_admin,
    require_login,
    require_role,
)
from pikoci.internal.service.use_cases.audited import audited


def _membership(values: Mapping[str, Any]) -> str:
    return "member.set" if values["role"] else "member.remove"


class AccountService:
    """Use cases around users and teams."""

    def __init__(self, context: Context, hash_in_thread: RunInThread) -> None:
        settings = context.settings
        self._context = context
        self._store = context.store
        self._passwords = PasswordQueue(hash_in_thread, settings.password_queue, settings.password_share)
        self._limits = LoginLimits(
            context.clock, settings.login_attempts, settings.login_address_attempts, settings.login_window
        )

    def login(self, name: str, password: str, address: str = "", origin: str = "") -> User:
        """The user of that name and password. Takes as long for unknown names as for wrong passwords.

        `address` is the one by which logins are limited, `origin` the exact one, where that is known.

        Raises UnauthenticatedError, and RateLimitedError after too many failures of a name from an address or of the
        address over all names, and while too many passwords are being checked.
        """
        name = name[:MAX_NAME]
        try:
            self._passwords.require_room(address)
            self._limits.begin(name, address)
            user = self._require_login(name, password, address)
        except (UnauthenticatedError, RateLimitedError) as error:
            # Only names of users are kept: people type passwords there, too.
            actor = name if self._find_user(name) else ""
            self._context.audit.refuse(AuditEntry(action="login.refused", actor=actor, address=address), error)
            raise
        self._limits.forget(name, address)
        self._context.audit.add(AuditEntry(action="login.begin", actor=name, address=origin or address))
        return user

    @audited("password.change")
    def change_password(self, principal: Principal, current: str, new: str) -> User:
        """Set one's own password; ends every session.

        Raises PermissionDeniedError when `current` is wrong, InvalidError for a new password that is not valid.
        """
        user = require_login(principal)
        client = f"password of {user.id}"
        self._passwords.require_room(client)
        self._limits.begin(user.name, client)
        if not self._verify(client, current, user.password_hash):
            raise PermissionDeniedError("the current password is wrong")
        self._limits.forget(user.name, client)
        check_new_password(new)
        if new == current:
            raise InvalidError("the new password is the old one")
        return self._set_password(user, self._passwords.run(client, hash_password, new))

    def ensure_first_admin(self, name: str, password: str) -> bool:
        """Where there are no users yet, make an administrator with this password; whether one was made."""
        if self._store.accounts.count_users():
            return False
        hashed = self._passwords.run(name, hash_password, password)
        with self._store.transaction():
            if self._store.accounts.count_users():
                return False
            self._store.accounts.create_user(name, hashed, is_admin=True, must_change_password=False)
            self._note("user.create", name, is_admin="yes")
        return True

    def ensure_users(self, pairs: Sequence[str]) -> None:
        """Make the users of `NAME:BCRYPT-HASH` pairs exist as administrators with these passwords.

        The pairs are the wished state. Another hash is another password, since nobody can tell that it is not: it ends
        the user's sessions. Raises InvalidError for a pair of another form, without showing the hash.
        """
        for place, pair in enumerate(pairs, start=1):
            name, _, hashed = pair.partition(":")
            if not ACCOUNT.allows(name) or not is_password_hash(hashed):
                raise InvalidError(
                    f"user {place} is not of the form NAME:HASH", hint="make one with: pikoci user-password"
                )
            with self._store.transaction():
                user = self._store.accounts.find_user(name)
                if user is None:
                    self._store.accounts.create_user(name, hashed, is_admin=True, must_change_password=False)
                    self._note("user.create", name, is_admin="yes")
                    continue
                if user.password_hash != hashed:
                    self._store.accounts.set_password(user.id, hashed)
                    self._note("password.change", name)
                if not user.is_admin:
                    self._store.accounts.set_admin(user.id)
                    self._note("user.promote", name)

    def ensure_team(self, name: str) -> Team:
        """The team of that name, made where it is missing."""
        _check_name(name)
        with self._store.transaction():
            team = self._store.accounts.find_team(name)
            if team is None:
                team = self._store.accounts.create_team(name)
                self._note("team.create", name)
        return team

    def require_open(self, session: UserClaims) -> None:
        """Return where nobody has logged out of the session. Raises UnauthenticatedError."""
        if self._context.ended_sessions.contains(session.id):
            raise UnauthenticatedError("this session has ended", hint="log in again")

    def log_out(self, session: UserClaims, principal: Principal) -> None:
        """End this one session of the principal, on other servers within two seconds. Idempotent."""
        if not session.id:
            return  # of an earlier release
        with self._store.transaction():
            self._store.ended_sessions.end(session.id, session.expires_at)
            self._context.audit.add(
                AuditEntry(
                    action="login.end",
                    actor=name_of(principal),
                    token=principal.credential,
                    address=principal.address,
                )
            )
        self._store.after_commit(self._context.ended_sessions.forget)
        self._context.notify(LOGINS)

    def principal_for(self, user_id: int, session_epoch: int) -> Principal:
        """Who a session belongs to. Raises UnauthenticatedError when the user is gone or the password changed since."""
        principal = principal_of(self._store, user_id)
        if principal.require_user().session_epoch != session_epoch:
            raise UnauthenticatedError("this session has ended", hint="log in again")
        return principal

    def list_users(self, principal: Principal) -> list[User]:
        """All users (global administrators only)."""
        require_admin(principal)
        return self._store.accounts.list_users()

    @audited("user.create", "name", tells="is_admin")
    def create_user(self, principal: Principal, name: str, password: str, *, is_admin: bool = False) -> User:
        """Make a user, who must change the password (global administrators only).

        Raises ConflictError, InvalidError.
        """
        by = require_admin(principal)
        _check_name(name)
        check_new_password(password)
        hashed = self._passwords.run(f"user {by.id}", hash_password, password)
        with self._store.transaction():
            return self._store.accounts.create_user(name, hashed, is_admin=is_admin, must_change_password=True)

    def list_teams(self, principal: Principal) -> list[Team]:
        """The teams that the principal is in; all for a global administrator."""
        return [team for team in self._store.accounts.list_teams() if principal.may(team.name, Role.READ)]

    @audited("team.create", "name")
    def create_team(self, principal: Principal, name: str) -> Team:
        """Make a team (global administrators only). Raises ConflictError, InvalidError."""
        require_admin(principal)
        _check_name(name)
        with self._store.transaction():
            return self._store.accounts.create_team(name)

    def members(self, principal: Principal, team: str) -> list[tuple[User, Role]]:
        """The team's members (role read)."""
        require_role(principal, team, Role.READ)
        return self._store.accounts.members(self._team(team).id)

    @audited(_membership, "team user", tells="role")
    def set_role(self, principal: Principal, team: str, user: str, role: Role | None) -> None:
        """Give a user a role in the team, None takes the membership away (role admin)."""
        require_role(principal, team, Role.ADMIN)
        found = self._team(team)
        member = find_user(self._store, user)
        with self._store.transaction():
            self._store.accounts.set_role(found.id, member.id, role)

    def _find_user(self, name: str) -> User | None:
        return self._store.accounts.find_user(name) if ACCOUNT.allows(name) else None

    def _require_login(self, name: str, password: str, address: str) -> User:
        user = self._find_user(name)
        # An unknown name is compared with a hash that nothing matches, so that it takes as long.
        if not self._verify(address, password, user.password_hash if user else NO_PASSWORD) or user is None:
            raise UnauthenticatedError("the name or the password is wrong")
        return user

    def _team(self, name: str) -> Team:
        team = self._store.accounts.find_team(name)
        if team is None:
            raise NotFoundError(f"there is no team {name[:MAX_NAME]}")
        return team

    def _note(self, action: str, name: str, **detail: str) -> None:
        """Tell the audit log what the server's own settings changed."""
        by = name_of(SYSTEM)
        self._context.audit.add(AuditEntry(action=action, actor=by, object=name, detail=detail))

    def _verify(self, client: str, password: str, hashed: str) -> bool:
        return self._passwords.run(client, verify_password, password, hashed)

    def _set_password(self, user: User, hashed: str) -> User:
        with self._store.transaction():
            self._store.accounts.set_password(user.id, hashed)
            changed = self._store.accounts.get_user(user.id)
        if changed is None:
            raise ConflictError(f"user {user.name} was deleted meanwhile")
        return changed


def _check_name(name: str) -> None:
    if not ACCOUNT.allows(name):
        raise InvalidError(
            f"{name[:MAX_NAME]!r} cannot be a name",
            hint=f"it {ACCOUNT.sentence}",
        )
