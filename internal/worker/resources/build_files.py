"""Files of a build that a built-in type reads or brings: the build may change them, and link them, at any moment."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from pikoci.internal.worker.resources import place_files
from pikoci.internal.worker.resources.model import ResourceCall, require
from pikoci.internal.worker.tools.beneath import open_beneath
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.outcome import StepError, failed

_ERROR_EXCERPT = 500
_MOST_NAMES = 100_000
_WILD = frozenset("*?[")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY


def open_matching(call: ResourceCall, pattern: str, what: str) -> tuple[str, int]:
    """The one plain file that a path with globs names, by its path and its descriptor, opened for reading.

    `*`, `?` and `[…]` stand for parts of one name. Links are followed while they stay below the work directory. `what`
    is for reasons. Raises StepError, also for none and for several.
    """
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if not parts or pattern.startswith("/") or ".." in parts or "\0" in pattern:
        raise StepError(failed(f'"{pattern}" is not a path below the work directory'))
    work = os.open(call.workspace.work, _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        names = _matching(work, parts)
        if len(names) > 1:
            raise StepError(failed(f'{what}: "{pattern}" matches {len(names)} files, such as {_shown(names)}'))
        if not names:
            raise StepError(failed(f'{what}: there is no file "{pattern}"'))
        return names[0], _opened(call, work, names[0], what)
    finally:
        os.close(work)


def read_small(call: ResourceCall, path: str, what: str, limit: int) -> str:
    """The text of a small file. Raises StepError."""
    name, file = open_matching(call, path, what)
    try:
        data = os.read(file, limit + 1)
    finally:
        os.close(file)
    if len(data) > limit:
        raise StepError(failed(f'{what}: "{name}" has more than {limit} bytes'))
    return data.decode("utf-8", "replace")


def place(call: ResourceCall, directory: str, files: Mapping[str, Path | str]) -> None:
    """Bring files into a directory below the work directory, as the build's user: private ones, or texts.

    A private file is the build's afterwards. What lies at these names is replaced; no link is followed but by the
    user's own rights. Raises StepError.
    """
    try:
        target = call.workspace.inside(directory)
    except ValueError as error:
        raise StepError(failed(str(error))) from error
    private = [call.workspace.write_private(one) if isinstance(one, str) else one for one in files.values()]
    stderr = Tail(_ERROR_EXCERPT)
    named = [word for pair in zip(files, map(str, private), strict=True) for word in pair]
    argv = [sys.executable, "-I", place_files.__file__, str(target), *named]
    try:
        outcome = call.commands.run(
            argv, call.environment, call.workspace.work, call.lifetime, call.on_output, stderr.write
        )
        require(outcome, f'cannot write into "{directory}"', stderr)
    finally:
        for path in private:
            path.unlink(missing_ok=True)


def _matching(work: int, parts: list[str]) -> list[str]:
    """The paths that there are, of plain files or not."""
    found = [""]
    for part in parts:
        if not _WILD & set(part):
            found = [f"{base}{part}/" for base in found]
            continue
        found = [f"{base}{name}/" for base in found for name in _names(work, base) if fnmatchcase(name, part)]
    return [path.rstrip("/") for path in found if _is_file(work, path.rstrip("/"))]


def _names(work: int, base: str) -> list[str]:
    try:
        directory = open_beneath(work, base or ".", _DIRECTORY)
    except OSError:
        return []
    try:
        names = []
        with os.scandir(directory) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) > _MOST_NAMES:
                    raise StepError(failed(f'"{base or "."}" has more than {_MOST_NAMES} entries'))
        return sorted(name for name in names if not name.startswith("."))
    finally:
        os.close(directory)


def _is_file(work: int, path: str) -> bool:
    try:
        file = open_beneath(work, path, os.O_PATH)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(file).st_mode)
    finally:
        os.close(file)


def _opened(call: ResourceCall, work: int, name: str, what: str) -> int:
    try:
        file = open_beneath(work, name, os.O_RDONLY)
    except OSError as error:
        raise StepError(failed(f'{what}: cannot read "{name}": {error.strerror}')) from error
    found = os.fstat(file)
    foreign = call.user is not None and found.st_uid != call.user.uid and found.st_nlink > 1
    if not stat.S_ISREG(found.st_mode) or foreign:
        os.close(file)
        reason = "it is another user's, by a hard link" if foreign else "it is no plain file"
        raise StepError(failed(f'{what}: cannot read "{name}": {reason}'))
    return file


def _shown(names: list[str]) -> str:
    return " and ".join(f'"{name}"' for name in names[:2])
