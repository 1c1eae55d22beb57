"""Versions of files and directories on the worker's machine, below directories that its administrator allows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from pikoci.internal.worker.resources.model import ResourceCall, Version, require
from pikoci.internal.worker.resources.placing import inside
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed

_PROGRAM = str(Path(__file__).with_name("tree.py"))
_ERROR_EXCERPT, _VERSION_LIMIT = 500, 64 * 1024
_MEBIBYTE, _MOST_MEBIBYTES = 1024 * 1024, 1024


class FsType:
    """Versions are `{"path", "hash"}`, with `modified` and `size` for a single file."""

    def check(self, call: ResourceCall, previous: Version | None) -> list[Version]:
        """What is there now, if it differs from the previous version. Nothing there is no version, and no error."""
        found = _ask(call, "look")
        if found is None or (previous or {}).get("hash") == found["hash"]:
            return []
        return [found]

    def pull(self, call: ResourceCall, version: Version) -> None:
        """Copy it into the work directory, and make sure that it is still that version."""
        name = text_of(call.params.get("name")) or "."
        inside(call, name)
        found = _ask(call, "fetch", name=name)
        if found is None or found["hash"] != version.get("hash"):
            now = found["hash"] if found else "gone"
            raise StepError(failed(f"it is another version now, {now}: check the resource"))
        call.note(f"copied {call.params.get('path')}")

    def push(self, call: ResourceCall) -> list[Version]:
        """Copy a file or directory of the work directory to the path."""
        source = text_of(call.put_params.get("source"))
        inside(call, source)
        made = _ask(call, "store", source=source)
        call.note(f"copied {source} to {call.params.get('path')}")
        return [made] if made else []


def _ask(call: ResourceCall, what: str, **more: str) -> Version | None:
    """Have the files read or copied, with the rights of the build's user. Raises StepError."""
    path = text_of(call.params.get("path"))
    roots = [root.replace("{team}", call.team) for root in call.settings.fs_roots]
    if not roots:
        raise StepError(
            failed("this worker allows no files of its machine: its --fs-roots (FS_ROOTS) names no directory")
        )
    if not path.startswith("/") or "\0" in path or ".." in path.split("/"):
        raise StepError(failed(f'"{path}" is no absolute path without ".."'))
    if what == "store" and any(character in path for character in "*?["):
        raise StepError(failed("a put needs a path without globs"))
    order: dict[str, Any] = {
        "do": what,
        "roots": roots,
        "path": path,
        "work": str(call.workspace.work),
        "most": int(text_of(call.params.get("max_size")) or _MOST_MEBIBYTES) * _MEBIBYTE,
        **more,
    }
    stderr = Tail(_ERROR_EXCERPT)
    argv = [sys.executable, "-I", _PROGRAM, msgspec.json.encode(order).decode()]
    env = {**call.environment, "LC_ALL": "C.UTF-8"}
    outcome, output = call.commands.capture(argv, env, call.workspace.work, call.lifetime, stderr.write, _VERSION_LIMIT)
    require(outcome, f'cannot {"read" if what == "look" else "copy"} "{path}"', stderr)
    return msgspec.json.decode(output, type=Version | None)
