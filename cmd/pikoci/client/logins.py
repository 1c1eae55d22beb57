"""Where the command line keeps its logins."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pikoci.internal.domain.errors import InvalidError

_FILE = "client.json"


class Login(msgspec.Struct, frozen=True):
    """A user's token for one server."""

    user: str
    token: str


class Logins(msgspec.Struct, frozen=True):
    """Logins by the server's URL; `current` is the URL of the last one, empty after its logout."""

    current: str = ""
    servers: dict[str, Login] = {}


class LoginStore:
    """A file that only its owner can read. Changes are atomic, and made one after another across processes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.path = directory / _FILE

    def load(self) -> Logins:
        """All logins. Raises InvalidError when the file cannot be read."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return Logins()
        except OSError as error:
            raise InvalidError(f"cannot read {self.path}: {error.strerror}") from error
        try:
            return msgspec.json.decode(data, type=Logins)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidError(f"{self.path} is damaged", hint="delete it and log in again") from error

    def keep(self, url: str, login: Login) -> None:
        """Remember a login and make its server the current one. Raises InvalidError when that cannot be written."""
        self._change(lambda known: Logins(current=url, servers={**known.servers, url: login}))

    def forget(self, url: str) -> bool:
        """Drop the login of a server; says whether there was one. Raises InvalidError as `keep` does."""
        if url not in self.load().servers:
            return False
        self._change(
            lambda known: Logins(
                current="" if known.current == url else known.current,
                servers={name: login for name, login in known.servers.items() if name != url},
            )
        )
        return True

    def _change(self, change: Callable[[Logins], Logins]) -> None:
        try:
            with self._locked():
                self._write(msgspec.json.format(msgspec.json.encode(change(self.load())), indent=2) + b"\n")
        except OSError as error:
            raise InvalidError(f"cannot write {self.path}: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Generator[None]:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def _write(self, data: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{_FILE}.", dir=self._directory)  # with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def config_directory(environment: Mapping[str, str]) -> Path:
    """The user's directory for settings of this program (https://specifications.freedesktop.org/basedir-spec)."""
    base = environment.get("XDG_CONFIG_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path(environment.get("HOME") or Path.home()) / ".config"
    return root / "pikoci"
