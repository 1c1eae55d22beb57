"""A NATS server in operator mode: who may log in is said by signed tokens (JWT), as `nsc` makes them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from pathlib import Path

import nkeys

from tests.services.nats import NatsServer

_UNLIMITED = -1
_LIMITS = ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams")
_CREDENTIALS = """\
-----BEGIN NATS USER JWT-----
{token}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
{seed}
------END USER NKEY SEED------
"""
_CONFIGURATION = """\
operator: {operator}
system_account: {system}
resolver: MEMORY
resolver_preload: {{
  {system}: {system_token}
  {account}: {account_token}
}}
"""


class Accounts:
    """An operator with one account; `configuration` is the server's part of it."""

    def __init__(self) -> None:
        operator = _new_key(nkeys.PREFIX_BYTE_OPERATOR)
        system, self._account = _new_key(nkeys.PREFIX_BYTE_ACCOUNT), _new_key(nkeys.PREFIX_BYTE_ACCOUNT)
        limits = dict.fromkeys((*_LIMITS, "consumer"), _UNLIMITED) | {"wildcards": True}
        self.configuration = _CONFIGURATION.format(
            operator=_token(operator, operator, "operator", {}),
            system=_name(system),
            system_token=_token(operator, system, "account", {"limits": dict.fromkeys(_LIMITS[:7], _UNLIMITED)}),
            account=_name(self._account),
            account_token=_token(operator, self._account, "account", {"limits": limits}),
        )

    def new_user(self) -> str:
        """What a file for NATS_CREDS holds."""
        return _user_credentials(self._account)


class AccountsNatsServer(NatsServer):
    """`credentials` lets a user in; `write_stranger` makes the like of an account that nobody knows."""

    def __init__(self) -> None:
        """Start the server. Raises ServiceError when it does not come up."""
        super().__init__("--config=accounts.conf")

    @property
    def credentials(self) -> Path:
        """A file for NATS_CREDS."""
        return self.folder / "user.creds"

    def write_stranger(self) -> Path:
        """A file for NATS_CREDS that the server refuses."""
        path = self.folder / "stranger.creds"
        path.write_text(Accounts().new_user())
        return path

    def _prepare(self) -> None:
        super()._prepare()
        accounts = Accounts()
        (self.folder / "accounts.conf").write_text(accounts.configuration)
        self.credentials.write_text(accounts.new_user())


def _new_key(kind: int) -> nkeys.KeyPair:
    return nkeys.from_seed(nkeys.encode_seed(secrets.token_bytes(32), kind))


def _name(key: nkeys.KeyPair) -> str:
    name: bytes = key.public_key
    return name.decode()


def _user_credentials(account: nkeys.KeyPair) -> str:
    user = _new_key(nkeys.PREFIX_BYTE_USER)
    claims = {"pub": {}, "sub": {}, **dict.fromkeys(("subs", "data", "payload"), _UNLIMITED)}
    return _CREDENTIALS.format(token=_token(account, user, "user", claims), seed=user.seed.decode())


def _token(issuer: nkeys.KeyPair, subject: nkeys.KeyPair, kind: str, claims: dict[str, object]) -> str:
    body = {"iat": int(time.time()), "iss": _name(issuer), "name": kind, "sub": _name(subject)}
    body["nats"] = {**claims, "type": kind, "version": 2}
    body["jti"] = base64.b32encode(hashlib.sha256(json.dumps(body).encode()).digest()).decode().rstrip("=")
    parts = [_encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, body)]
    signature: bytes = issuer.sign(".".join(parts).encode())
    return ".".join([*parts, _encoded(signature)])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
