"""Who a worker is, across its restarts: kept in its work directory."""

from __future__ import annotations

import os
import re
import secrets
import socket
from pathlib import Path

import msgspec

from pikoci.internal.domain.errors import InvalidError

_FILE = "identity.json"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]", re.ASCII)
_KEY_BYTES = 16


class Identity(msgspec.Struct, frozen=True):
    """`name` is for people and unique; `key` is a secret by which the server knows whose claim it is."""

    name: str
    key: str

    def instance(self) -> str:
        """The instance of a process that starts now, see `wire.instance_key`."""
        return f"{self.key}.{secrets.token_hex(4)}"


def check_name(name: str) -> None:
    """Raise InvalidError for a name that no worker can have."""
    if _NAME.fullmatch(name) is None:
        raise InvalidError(
            f"--name {name[:80]!r} is no name for a worker",
            hint="use letters, digits, `_`, `.` and `-`, 200 characters at most, the first a letter, a digit or `_`",
        )


def read_identity(workdir: Path, name: str = "") -> Identity:
    """The worker of this directory, made at its first start after the host; a given `name` wins over the kept one.

    Raises InvalidError when the directory cannot be used, or its file cannot be read.
    """
    path = workdir / _FILE
    try:
        workdir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _keep(path, Identity(name or _made_up_name(), secrets.token_hex(_KEY_BYTES)))
        kept = msgspec.json.decode(path.read_bytes(), type=Identity)
    except OSError as error:
        raise InvalidError(
            f"the worker cannot use {workdir}: {error.strerror}", hint="give it a --workdir that it may write to"
        ) from error
    except msgspec.DecodeError as error:
        raise InvalidError(
            f"{path} cannot be read: {error}", hint="remove it while the worker is stopped; a new one is made"
        ) from error
    check_name(name or kept.name)
    return Identity(name or kept.name, kept.key)


def _keep(path: Path, identity: Identity) -> None:
    """Write the file whole or not at all; one that another process wrote meanwhile stays."""
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(identity))
            file.flush()
            os.fsync(file.fileno())
        if not path.exists():
            draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def _made_up_name() -> str:
    host = _NOT_IN_NAMES.sub("-", socket.gethostname()).strip(".-") or "worker"
    return f"{host[:100]}-{secrets.token_hex(3)}"
