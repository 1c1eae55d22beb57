"""Who a worker is, across its restarts: kept in its work directory."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.names import WORKER
from pikoci.internal.domain.wire import numbered_instance

_FILE = "identity.json"
_NOT_IN_NAMES = re.compile(f"[^{WORKER.following}]", re.ASCII)
_KEY_BYTES = 16
_NONCE_BYTES = 8


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name` is for people and unique; `key` is a secret by which the server knows whose claim it is.

    `starts` counts the processes that were this worker, so that the server can tell the last one. `nonce` is new for
    each of them and kept nowhere, so that a copy of the file does not make two processes one.
    """

    name: str
    key: str
    starts: int = 0
    nonce: str = ""

    @property
    def instance(self) -> str:
        """The process, as the server knows it, see `wire.instance_key`."""
        return numbered_instance(self.key, self.starts, self.nonce)


def check_name(name: str) -> None:
    """Raise InvalidError for a name that no worker can have."""
    if not WORKER.allows(name):
        raise InvalidError(
            f"--name {name[:80]!r} is not a valid name for a worker",
            hint=f"it {WORKER.sentence}",
        )


def begin_start(workdir: Path, name: str = "") -> Identity:
    """The worker of this directory in its next start, which is counted on disk before this returns.

    At its first start it is made after the host; a given `name` wins over the kept one. Raises InvalidError when the
    directory cannot be used, or its file cannot be read.
    """
    path = workdir / _FILE
    try:
        workdir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(workdir) as directory:
            before = _kept(path) or Identity(name or _made_up_name(), secrets.token_hex(_KEY_BYTES))
            check_name(name or before.name)
            now = Identity(before.name, before.key, before.starts + 1)
            _keep(path, now)
            os.fsync(directory)
    except OSError as error:
        raise InvalidError(
            f"the worker cannot use {workdir}: {error.strerror}", hint="give it a --workdir that it may write to"
        ) from error
    except msgspec.DecodeError as error:
        raise InvalidError(
            f"{path} cannot be read: {error}", hint="remove it while the worker is stopped; a new one is made"
        ) from error
    return msgspec.structs.replace(now, name=name or now.name, nonce=secrets.token_hex(_NONCE_BYTES))


@contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """Keep others from counting at the same time; gives the directory's descriptor."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _kept(path: Path) -> Identity | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except FileNotFoundError:
        return None


def _keep(path: Path, identity: Identity) -> None:
    """Write the file whole or not at all."""
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(identity))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def _made_up_name() -> str:
    host = _NOT_IN_NAMES.sub("-", socket.gethostname()).strip(".-") or "worker"
    return f"{host[:100]}-{secrets.token_hex(3)}"
