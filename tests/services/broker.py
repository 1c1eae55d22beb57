"""What the message brokers of the tests have in common."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from tests.services.process import ServiceError, ServiceProcess
from tests.services.proxy import Proxy
from tests.services.sharing import shared

START_TRIES = 3


class Broker(ABC):
    """A broker of our own in a temporary folder; `stop` or `kill`, and `start`, play an outage; data and ports stay."""

    service: ClassVar[str]
    user: str | None = None
    patience: float = 60.0

    def __init__(self) -> None:
        """Start the broker. Raises ServiceError when it does not come up."""
        self.folder = Path(tempfile.mkdtemp(prefix=f"pikoci-{self.service}-"))
        self.running = False
        try:
            self._start_on_free_ports()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    @abstractmethod
    def address(self) -> str:
        """What a client is told."""

    @abstractmethod
    def proxied(self) -> Proxy:
        """A proxy before the broker, to cut or to freeze; `address_through` names it to a client."""

    @abstractmethod
    def address_through(self, proxy: Proxy) -> str:
        """What a client is told to go through the proxy."""

    def start(self) -> None:
        """Start the broker, again or for the first time, on the same ports; returns when it takes work."""
        if self.running:
            return
        self._process = ServiceProcess(self._command(), self.folder, user=self.user)
        self._process.wait_until(self._is_ready, self.patience)
        self.running = True

    def stop(self) -> None:
        """Stop the broker in its own good order; the data stays for `start`."""
        self._process.stop(keep_folder=True)
        self.running = False

    def kill(self) -> None:
        """End the broker as a power cut would; what it wrote stays for `start`."""
        self._process.kill()
        self.running = False

    @property
    def pid(self) -> int:
        """The process that all of the broker's descend from."""
        return self._process.pid

    def close(self) -> None:
        """Stop the broker and remove its data."""
        self._process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def hand_over(self, run: Path) -> None:
        """Let the broker go on without this process, until nobody holds a lock on the file `run`."""
        self._process.hand_over(run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _prepare(self) -> None:
        """Choose ports and write the configuration into the folder."""

    @abstractmethod
    def _command(self) -> list[str]:
        """How the broker is started."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether it takes work."""

    def _start_on_free_ports(self) -> None:
        for left in reversed(range(START_TRIES)):
            self._prepare()
            if self.user:
                give_to(self.folder, self.user)
            try:
                return self.start()
            except ServiceError:
                if left == 0:
                    raise
                empty(self.folder)
        return None


def give_to(folder: Path, user: str) -> None:
    """Make a user the owner of a folder and all in it."""
    account = pwd.getpwnam(user)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)


def empty(folder: Path) -> None:
    """Remove what is in a folder."""
    shutil.rmtree(folder)
    folder.mkdir(mode=0o700)


def given_address(service: str) -> str | None:
    """Read `PIKOCI_TEST_<SERVICE>`: the address of a broker that runs already."""
    return os.environ.get(f"PIKOCI_TEST_{service.upper()}") or None


def shared_address(kind: type[Broker], run: Path) -> str:
    """The address of a broker for all tests of a run: the given one, or one of our own."""

    def start() -> tuple[Broker, str]:
        broker = kind()
        return broker, broker.address

    return given_address(kind.service) or shared(run, kind.service, start)
