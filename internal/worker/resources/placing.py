"""Bringing files that the worker fetched into a build's work directory, and out of it.

Whatever is in the work directory may be a link to anywhere, and may change at any time: so commands do it, with no more
rights than the build's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pikoci.internal.worker.resources.model import ResourceCall, require
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.outcome import StepError, failed

_ERROR_EXCERPT = 500
_PLACE = 'mkdir -p -- "$(dirname -- "$2")" && exec cp -T --remove-destination -- "$1" "$2"'


def inside(call: ResourceCall, name: str) -> Path:
    """A path below the work directory, for commands. Raises StepError for one that leads out."""
    try:
        return call.workspace.inside(name)
    except ValueError as error:
        raise StepError(failed(str(error))) from error


def place(call: ResourceCall, source: Path, name: str) -> None:
    """Copy the private file `source` to `name` in the work directory. Raises StepError."""
    _run(call, ["/bin/sh", "-c", _PLACE, "sh", str(source), str(inside(call, name))], f'cannot write "{name}"')


def take(call: ResourceCall, name: str) -> Path:
    """A private copy of a plain file in the work directory. Raises StepError."""
    path = inside(call, name)
    if not call.workspace.has_file(name):
        raise StepError(failed(f'there is no file "{name}" in the work directory'))
    private, file = call.workspace.open_private()
    file.close()
    _run(call, ["cp", "-T", "--", str(path), str(private)], f'cannot read "{name}"')
    return private


def _run(call: ResourceCall, argv: Sequence[str], what: str) -> None:
    stderr = Tail(_ERROR_EXCERPT)
    env = {**call.environment, "LC_ALL": "C"}
    outcome = call.commands.run(argv, env, call.workspace.work, call.lifetime, call.on_output, stderr.write)
    require(outcome, what, stderr)
