"""The directories that a task's `caches` may name: in the work directory, or with `~/` in the build's home."""

from __future__ import annotations

import posixpath
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any

from pikoci.internal.pipeline.kinds import to_strings
from pikoci.internal.pipeline.schema import ConversionError, Kind
from pikoci.pkg.hcl import values

_HOME = "~/"
_MOST = 20
_LONGEST = 500
_FORM = 'write a path in the work directory, such as "node_modules", or one in the home, such as "~/.cache/go-build"'


def _to_caches(value: Any) -> list[str]:
    """The paths in their shortest form, without repetitions. Raises ConversionError that names the path."""
    found = list(dict.fromkeys(_path(text) for text in _texts(value)))
    if len(found) > _MOST:
        raise ConversionError(f"at most {_MOST} caches are possible, and these are {len(found)}")
    for one, other in combinations(sorted(found), 2):
        if PurePosixPath(other).is_relative_to(one):
            raise ConversionError(f'"{other}" lies in "{one}", which is a cache too', "name the outer one alone")
    return found


def _texts(value: Any) -> list[str]:
    texts = to_strings(value)
    if isinstance(value, (list, values.ValueSet)) and any(isinstance(element, values.Deferred) for element in value):
        raise ConversionError("the path of a cache can't come from a secret")
    return texts


def _path(text: str) -> str:
    shown = f'"{text[:80]}"'
    if len(text.encode("utf-8", "surrogatepass")) > _LONGEST:
        raise ConversionError(f"{shown} is too long for the path of a cache", f"at most {_LONGEST} bytes")
    if not text.isprintable() or text.startswith("$"):
        raise ConversionError(f"{shown} is not the path of a cache; nothing is expanded in it", _FORM)
    start = _HOME if text.startswith(_HOME) else ""
    inner = posixpath.normpath(text.removeprefix(start) or ".")
    if inner.startswith("/") or (not start and inner.startswith("~")) or inner.split("/")[0] == "..":
        raise ConversionError(f"{shown} is neither in the work directory nor in the build's home", _FORM)
    if inner == ".":
        whole = "the whole home" if start else "the whole work directory"
        raise ConversionError(f"{shown} is {whole}, which can't be a cache", "name directories in it")
    return start + inner


CACHES = Kind("list of directories", _to_caches, [])
