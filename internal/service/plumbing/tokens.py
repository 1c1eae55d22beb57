"""Signed tokens: who a user or a worker is."""

from __future__ import annotations

import hmac
import re
import secrets
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Literal

import jwt
import msgspec
import structlog

from pikoci.internal.domain.accounts import User
from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import InvalidError, UnauthenticatedError
from pikoci.internal.domain.limits import MAX_TOKEN, MIN_SECRET
from pikoci.internal.domain.names import TOKEN_ID_PATTERN
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.tags import MAX_TOKEN_TAGS, check_tags
from pikoci.internal.service.plumbing.settings import ServiceSettings

Kind = Literal["user", "worker"]

_ALGORITHM = "HS256"
_SECRET_KEY = "jwt-secret"  # noqa: S105 - the name of the setting
_MAX_NOTED = 10_000
_KEPT_TOKENS = 4096  # whose signature need not be checked again; every request of a worker brings its own
_ID_BYTES = 16
_SHARED_LABEL = b"pikoci: the id of the worker token that servers print"
#: What the id of a token looks like.
TOKEN_ID = re.compile(TOKEN_ID_PATTERN, re.ASCII)
_log = structlog.get_logger(__name__)


class UserClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Whose session a token is, and until when, in seconds since the epoch. The `id` is not secret: it is ended by it.

    Tokens of earlier releases have no id.
    """

    user_id: int
    session_epoch: int
    id: str = ""
    expires_at: float = 0.0


class WorkerClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker token opens; an empty `team` opens every team's work. `issued_at` is in seconds since the epoch.

    `tags` are those that its worker may have, None: any. The `id` is not secret: the token is revoked by it.
    """

    id: str = ""
    team: str = ""
    issued_at: float = 0.0
    tags: list[str] | None = None

    def lacks(self, tags: Iterable[str]) -> list[str]:
        """Which of the tags its worker must not have, in order."""
        return [] if self.tags is None else sorted(set(tags) - set(self.tags))


class TokenService:
    """Makes and checks JWTs: HS256 only, an audience and a type for each kind, so that none stands in for another.

    `previous` secrets open what they signed, and sign nothing: so that the secret can be changed while tokens of the
    old one are about. A secret under 32 bytes is warned about in the log, and so is the first use of each worker token
    of a previous secret. `is_revoked` knows the worker tokens that are, by their ids. Raises InvalidError for an empty
    secret.
    """

    def __init__(
        self,
        secret: str,
        clock: Clock,
        settings: ServiceSettings,
        is_revoked: Callable[[str], bool] = lambda _: False,
        previous: Sequence[str] = (),
    ) -> None:
        self._secrets = (secret, *previous)
        if not all(self._secrets):
            raise InvalidError(
                "the secret that signs tokens is empty", hint="give one with --jwt-secret, or none at all"
            )
        if min(len(known.encode()) for known in self._secrets) < MIN_SECRET:
            _log.warning("the secret that signs tokens is short and can be guessed", bytes_wanted=MIN_SECRET)
        self._clock = clock
        self._settings = settings
        self._is_revoked = is_revoked
        self._outdated: set[str] = set()
        self._verified = lru_cache(_KEPT_TOKENS)(self._verify)

    def user_token(self, user: User) -> str:
        """A session of a user; ends after `session_lifetime`, or when the password changes."""
        claims = {"sub": str(user.id), "epoch": user.session_epoch, "jti": secrets.token_hex(_ID_BYTES)}
        return self._sign("user", claims, self._settings.session_lifetime)

    def read_user(self, token: str) -> UserClaims:
        """Raises UnauthenticatedError for anything but a valid user token."""
        claims, _ = self._read("user", token)
        session_id = claims.get("jti", "")
        if not isinstance(session_id, str) or (session_id and TOKEN_ID.fullmatch(session_id) is None):
            raise _invalid()
        return UserClaims(
            user_id=_whole(claims, "sub"),
            session_epoch=_whole(claims, "epoch"),
            id=session_id,
            expires_at=float(_whole(claims, "exp")),
        )

    def worker_token(self, team: str = "", tags: Sequence[str] | None = None) -> str:
        """A token for standalone workers, with an id of its own; it does not expire, but can be revoked.

        Its worker may have the `tags`, None: any. Raises InvalidError for tags that are not valid.
        """
        claims: dict[str, object] = {"sub": "worker", "team": team, "jti": secrets.token_hex(_ID_BYTES)}
        if tags is not None:
            claims["tags"] = check_tags(tags, MAX_TOKEN_TAGS)
        return self._sign("worker", claims, None)

    def shared_token(self) -> tuple[str, str]:
        """The id, and the token for all work, that every server with this secret prints: always the same two.

        The id is as hard to trace back to the secret as the token's own signature.
        """
        token_id = hmac.digest(self._secrets[0].encode(), _SHARED_LABEL, "sha256")[:_ID_BYTES].hex()
        return token_id, self._sign("worker", {"sub": "worker", "team": "", "jti": token_id}, None, issued_at=0)

    def read_worker(self, token: str) -> WorkerClaims:
        """Raises UnauthenticatedError for anything but a valid worker token, and for one that was revoked."""
        claims, is_outdated = self._read("worker", token)
        token_id, team = claims.get("jti"), claims.get("team", "")
        if not isinstance(token_id, str) or TOKEN_ID.fullmatch(token_id) is None or not isinstance(team, str):
            raise UnauthenticatedError("the token is not valid here", hint="make a new token")
        tags = _tags(claims)
        if self._is_revoked(token_id):
            raise UnauthenticatedError("the token was revoked", hint="make a new token")
        if is_outdated:
            self._note_outdated(token_id)
        return WorkerClaims(id=token_id, team=team, issued_at=float(_whole(claims, "iat")), tags=tags)

    def _sign(
        self, kind: Kind, claims: Mapping[str, object], lifetime: float | None, issued_at: float | None = None
    ) -> str:
        now = self._clock.now()
        full = {**claims, "aud": f"pikoci-{kind}", "typ": kind, "iat": int(now if issued_at is None else issued_at)}
        if lifetime is not None:
            full["exp"] = int(now + lifetime)
        with _short_secret_allowed():
            return jwt.encode(full, self._secrets[0], algorithm=_ALGORITHM)

    def _read(self, kind: Kind, token: str) -> tuple[Mapping[str, object], bool]:
        """What the token claims, and whether a previous secret signed it; what runs out is looked at every time."""
        if len(token) > MAX_TOKEN:
            raise _invalid()
        claims, is_outdated = self._verified(kind, token)
        self._check_times(claims, expires=kind != "worker")
        return claims, is_outdated

    def _verify(self, kind: Kind, token: str) -> tuple[Mapping[str, object], bool]:
        for number, secret in enumerate(self._secrets):
            try:
                claims = _decode(kind, token, secret)
            except jwt.InvalidSignatureError:
                continue
            except jwt.PyJWTError as error:
                raise _invalid() from error
            if claims.get("typ") != kind:
                raise _invalid()
            return claims, number > 0
        raise _invalid()

    def _note_outdated(self, token_id: str) -> None:
        if token_id not in self._outdated and len(self._outdated) < _MAX_NOTED:
            self._outdated.add(token_id)
            _log.warning("a worker's token is signed with a previous secret: give it a new one", token_id=token_id)

    def _check_times(self, claims: Mapping[str, object], *, expires: bool) -> None:
        now, leeway = self._clock.now(), self._settings.token_leeway
        if expires and _whole(claims, "exp") < now - leeway:
            raise UnauthenticatedError("the token has expired", hint="log in again")
        if _whole(claims, "iat") > now + leeway:
            raise UnauthenticatedError("the token is from the future", hint="set the clocks of both machines right")


def _tags(claims: Mapping[str, object]) -> list[str] | None:
    """The tags in a token; one that says nothing of them carries any."""
    tags = claims.get("tags")
    if tags is None:
        return None
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        return tags
    raise _invalid()


def _invalid() -> UnauthenticatedError:
    return UnauthenticatedError("the token is not valid here", hint="log in again, or make a new token")


def _decode(kind: Kind, token: str, secret: str) -> dict[str, object]:
    with _short_secret_allowed():
        claims: dict[str, object] = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            audience=f"pikoci-{kind}",
            # The times are judged by the injected clock.
            options={"require": ["aud", "iat", "sub"], "verify_exp": False, "verify_iat": False},
        )
    return claims


def signing_secret(store: Store, given: str | None) -> str:
    """The secret that was given, else the one this installation generated and keeps in its settings."""
    if given is not None:
        return given
    known = store.settings.get(_SECRET_KEY)
    if known is not None:
        return known
    with store.transaction():
        return store.settings.put_if_absent(_SECRET_KEY, secrets.token_urlsafe(48))


def _whole(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 20:
        return int(value)
    raise UnauthenticatedError("the token is not valid here", hint="log in again, or make a new token")


@contextmanager
def _short_secret_allowed() -> Iterator[None]:
    # The log says it once, at the start; PyJWT would say it with every token.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        yield
