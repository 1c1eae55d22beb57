"""Regular expressions: RE2, the engine whose syntax the language documents.

Its running time is linear in the text, so that no pattern can stop the server.
"""

import itertools
from functools import lru_cache
from typing import Any

from pikoci.pkg.hcl.limits import ELEMENT, MAX_RESULT
from pikoci.pkg.hcl.values import UnfitValueError, Value, to_string

_MAX_PATTERN = 4096


def regex(pattern: Value, text: Value) -> Value:
    r"""regex(pattern, string): return the first match, or its groups as a list, or as an object if they are named.

    `regex("[0-9]+", "v12")` is `"12"`; no match is an error, which try() can catch.
    """
    found = _compile(to_string(pattern)).search(to_string(text))
    if found is None:
        raise UnfitValueError("the pattern does not match the string")
    return _captured(found)


def regexall(pattern: Value, text: Value) -> Value:
    """regexall(pattern, string): return all matches, each as regex() would.

    `regexall("[a-z]", "a1b")` is `["a", "b"]`.
    """
    compiled = _compile(to_string(pattern))
    most = MAX_RESULT // ((1 + compiled.groups) * ELEMENT)
    matches = list(itertools.islice(compiled.finditer(to_string(text)), most + 1))
    if len(matches) > most:
        raise UnfitValueError(f"the pattern matches more than {most:,} times")
    return [_captured(found) for found in matches]


def regexreplace(text: Value, pattern: Value, replacement: Value) -> Value:
    """regexreplace(string, pattern, replacement): replace all matches; $1 or ${name} stand for groups.

    `regexreplace("ab", "(b)", "<$1>")` is `"a<b>"`.
    """
    return replace_pattern(to_string(pattern), to_string(text), to_string(replacement))


def replace_pattern(pattern: str, text: str, replacement: str) -> str:
    """Replace all matches, with $1, ${1} and ${name} in the replacement, as Go does.

    Raises:
        UnfitValueError: the pattern is invalid, or the result too long.
    """
    compiled = _compile(pattern)
    pieces = _replacement(replacement, compiled.groupindex)
    made: list[str] = []
    position = size = 0
    for found in compiled.finditer(text):
        made.append(text[position : found.start()])
        made += [piece if isinstance(piece, str) else _group(found, piece) for piece in pieces]
        position = found.end()
        size += sum(map(len, made[-len(pieces) - 1 :]))
        if size + len(made) * ELEMENT > MAX_RESULT:
            raise UnfitValueError(f"the result would be longer than {MAX_RESULT:,} characters")
    return "".join(made) + text[position:]


def _captured(found: Any) -> Value:
    names: dict[str, int] = found.re.groupindex
    if not found.re.groups:
        return str(found.group())
    if not names:
        return list(found.groups())
    if len(names) < found.re.groups:
        raise UnfitValueError("a pattern can't mix named and unnamed groups")
    return {name: found.group(position) for name, position in names.items()}


def _group(found: Any, number: int) -> str:
    return (found.group(number) or "") if number <= found.re.groups else ""


def _replacement(template: str, names: dict[str, int]) -> list[str | int]:
    pieces: list[str | int] = []
    position = 0
    for found in _compile(r"\$(?:\$|(\w+)|\{(\w+)\})").finditer(template):
        pieces.append(template[position : found.start()])
        name = found.group(1) or found.group(2)
        if name is None:
            pieces.append("$")
        else:
            pieces.append(int(name) if name.isdecimal() and len(name) < 5 else names.get(name, ""))
        position = found.end()
    return [*pieces, template[position:]]


@lru_cache(maxsize=256)
def _compile(pattern: str) -> Any:
    import re2

    if len(pattern) > _MAX_PATTERN:
        raise UnfitValueError(f"a pattern must not be longer than {_MAX_PATTERN:,} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as cause:
        reason = cause.args[0] if cause.args else "invalid"
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise UnfitValueError(f"the pattern is invalid: {text}") from cause
