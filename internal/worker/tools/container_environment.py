"""How a container's variables get into it: byte for byte, and on no command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.internal.worker.tools.workspace import Workspace

#: What means something to a container program itself, or to what it starts.
_OF_PROGRAM = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|PWD|TMPDIR|TERM|LANG|GODEBUG|GOTRACEBACK|GOMAXPROCS|GOMEMLIMIT|GOGC|GCONV_PATH"
    r"|NOTIFY_SOCKET|SSH_AUTH_SOCK|PIKOCI_WORKER_MARK|.*_PROXY|SSL_CERT_.*"
    r"|(LC|LD|XDG|DBUS|DOCKER|CONTAINERS?|_?CONTAINERS|_?PODMAN|BUILDAH|STORAGE|REGISTRY|LISTEN|MALLOC|GLIBC|OCI|CNI"
    r"|NETAVARK|BUILDKIT|COMPOSE|MOBY|OTEL)_.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Options for `run`, and the variables that the program must have in its own environment for them."""

    options: list[str]
    of_program: dict[str, str]


def handed_over(variables: Mapping[str, str], workspace: Workspace) -> HandedOver:
    """Hand variables on in the program's own environment; those that mean something to it, in a private file.

    Raises StepError for one of the latter that has a line break, which no such file can hold.
    """
    of_program: dict[str, str] = {}
    lines: list[str] = []
    for name, value in variables.items():
        if not _OF_PROGRAM.fullmatch(name):
            of_program[name] = value
        elif "\n" in value or "\r" in value:
            raise StepError(failed(f"the variable {name} has a line break, so it cannot be handed to a container"))
        else:
            lines.append(f"{name}={value}\n")
    options = [f"--env={name}" for name in of_program]
    if lines:
        options.append(f"--env-file={workspace.write_private(''.join(lines), suffix='.env')}")
    return HandedOver(options, of_program)
