"""What the built-in services are made of."""

from __future__ import annotations

import re
import secrets
import shutil
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from pikoci.internal.domain.builtin_services import ServiceForm
from pikoci.internal.worker.services.exchange import HOST
from pikoci.internal.worker.tools.outcome import StepError, failed

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Order:
    """What a build asks for. `path` is where its commands look for programs; `ports` are kept until `held` ends."""

    form: ServiceForm
    path: str
    held: ExitStack
    is_root: bool = False

    def port(self) -> int:
        """The port asked for, or one that is free. Raises StepError for one that it cannot have, and OSError."""
        return self._reserve(self.form.port)

    def another_port(self) -> int:
        """One that is free, for what only the service itself uses. Raises OSError."""
        return self._reserve(0)

    def password(self) -> str:
        """The password asked for, or a random one."""
        return self.form.password or secrets.token_hex(16)

    def find(self, *names: str, folders: tuple[str, ...] = ()) -> str:
        """The path of a program by one of its names, on the path or in a folder; empty if there is none."""
        for place in (self.path, *folders):
            for name in names:
                if found := shutil.which(name, path=place):
                    return found
        return ""

    def program(self, *names: str, folders: tuple[str, ...] = ()) -> str:
        """The path of a program, as `find` has it. Raises StepError where there is none."""
        found = self.find(*names, folders=folders)
        if not found:
            raise missing(names[0])
        return found

    def _reserve(self, port: int) -> int:
        """Bind a socket that never listens: whoever asks for any port gets another, a server may still have this."""
        holder = self.held.enter_context(socket.socket())
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((HOST, port))
        except OSError as error:
            if not port:
                raise
            reason = f"port {port} of this worker cannot be had ({error.strerror})"
            raise StepError(failed(f"{reason}; take out port to have a free one")) from error
        return int(holder.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Program:
    """What is on this machine: variables that say where, and a text with its version or a command that prints it."""

    variables: Mapping[str, str]
    version: str | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to run a service. `script` is it, run by /bin/sh -e, here or in a container: it ends with `exec`.

    It sees `variables`, and as DATA a directory to make, with what `find` has found on this machine (it raises
    StepError) or `inside`, in a container. What an image is asked before is `prelude`; as root it may not run if
    `refuses_root`. It is ready when `probe` says so. `exports` are for the steps, as `SERVICE_<TYPE>_<KEY>`, `secrets`
    for no log.
    """

    name: str
    script: str
    variables: Mapping[str, str] = field(repr=False)
    exports: Mapping[str, str] = field(repr=False)
    secrets: list[str] = field(repr=False)
    probe: Callable[[], bool]
    find: Callable[[], Program]
    inside: Mapping[str, str]
    prelude: str = ""
    refuses_root: bool = False


def missing(name: str) -> StepError:
    """Why a service cannot run as a process: this machine does not have a program."""
    return StepError(failed(f"{name} is not on this worker"))


def fits(wanted: str, printed: str) -> tuple[bool, str]:
    """Whether the first version in what a program printed is the wanted one or a part of it, and that version.

    `15` is met by 15.18, `15.1` is not.
    """
    found = _NUMBERS.search(printed)
    version = found.group() if found else ""
    wanted = wanted.removeprefix("v")
    return not wanted or version == wanted or version.startswith(f"{wanted}."), version or "an unknown version"
