"""What the built-in services are made of."""

from __future__ import annotations

import re
import secrets
import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import gevent

from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed

HOST = "127.0.0.1"
_PROBE_SECONDS = 2.0
_PASSWORD = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Order:
    """What a build asks for, and where it is to be. `path` is where its commands look for programs."""

    params: Mapping[str, object]
    path: str
    data: Path

    def text(self, name: str) -> str:
        """A param, empty if it is not given."""
        return text_of(self.params.get(name, ""))

    def port(self) -> int:
        """The port asked for, or one that is free now."""
        return int(self.text("port") or 0) or free_port()

    def password(self) -> str:
        """The password asked for, or a random one. Raises StepError for one that would need quotes somewhere."""
        given = self.text("password")
        if given and not _PASSWORD.fullmatch(given):
            raise StepError(failed("the password of a service has 1 to 200 letters, digits, and -._~"))
        return given or secrets.token_hex(16)

    def program(self, name: str, *others: str) -> str:
        """The path of a program by one of its names. Raises StepError where there is none."""
        for one in (name, *others):
            if found := shutil.which(one, path=self.path):
                return found
        raise missing(name)


@dataclass(frozen=True, slots=True)
class LocalService:
    """A service as a process. `script` is it, run by /bin/sh -e: it ends with `exec`, and sees `variables`.

    It is ready when `ready`, another script, or `probe` succeeds. `exports` are for the steps, as
    `SERVICE_<TYPE>_<KEY>`, `secrets` for no log. `version` is a text in which the program's version stands, or a
    command that prints it.
    """

    name: str
    script: str
    version: str | list[str]
    variables: Mapping[str, str] = field(repr=False)
    exports: Mapping[str, str] = field(repr=False)
    secrets: list[str] = field(repr=False)
    ready: str = ""
    probe: Callable[[], bool] | None = None


def missing(name: str) -> StepError:
    """The end of a build whose worker does not have a program."""
    return StepError(
        failed(
            f"{name} is not on this worker; install it, or define the service type with commands, such as containers"
        )
    )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now; somebody may before it is taken."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def answers(port: int, expected: bytes, greeting: bytes = b"") -> bool:
    """Whether what listens there begins its answer, to `greeting` if there is one, with `expected`."""
    try:
        with (
            gevent.Timeout(_PROBE_SECONDS, TimeoutError("no answer")),
            socket.create_connection((HOST, port)) as connection,
        ):
            connection.sendall(greeting)
            return connection.recv(len(expected)) == expected
    except OSError:
        return False


def fits(wanted: str, printed: str) -> tuple[bool, str]:
    """Whether the first version in what a program printed is the wanted one or a part of it, and that version.

    `15` is met by 15.18, `15.1` is not.
    """
    found = _NUMBERS.search(printed)
    version = found.group() if found else ""
    wanted = wanted.removeprefix("v")
    return not wanted or version == wanted or version.startswith(f"{wanted}."), version or "an unknown version"
