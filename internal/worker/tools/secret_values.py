"""Reading what a store of secrets gave: the formats of files, and the JSON object of a command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

import msgspec

from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.secret_error import SecretError

_FORMATS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".env": "env"}
_ASSIGNMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_OBJECT = msgspec.json.Decoder(dict[str, object])
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_QUOTES = ("'", '"')


def read_file(data: bytes, path: str, form: str) -> Mapping[str, object]:
    """The values in the bytes of a file by their keys; its extension tells the format if `form` is empty.

    Raises SecretError, which shows nothing of them.
    """
    form = form or _FORMATS.get(PurePosixPath(path).suffix.lower(), "raw")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise SecretError(f'the file "{path}" is no text in UTF-8') from None
    match form:
        case "raw":
            return {"content": text}
        case "env":
            return _assignments(text)
        case "json":
            return read_object(data, f'the file "{path}"')
        case "yaml":
            return _mapping(text, path)
    raise SecretError(f'"{form[:40]}" is no format of a file: it can be json, yaml, env or raw')


def read_object(data: bytes, what: str) -> Mapping[str, object]:
    """The JSON object in `data`. Raises SecretError, which shows nothing of it."""
    try:
        return _OBJECT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SecretError(f"{what} holds no JSON object") from None


def value_of(values: Mapping[str, object], key: str, kind: str) -> str:
    """The text at `key`, as a value of the type `kind`. Raises SecretError, which shows nothing of it."""
    if values.get(key) is None:
        raise SecretError(f'the secret has no key "{key}"')
    text = text_of(values[key])
    if kind == "number" and not _NUMBER.fullmatch(text):
        raise SecretError(f'the value at the key "{key}" is no number')
    if kind == "bool" and text not in ("true", "false"):
        raise SecretError(f'the value at the key "{key}" is no bool: true or false')
    return text


def _assignments(text: str) -> Mapping[str, object]:
    """The `NAME=VALUE` lines of a file; a value may stand in quotes, and all other lines are passed over."""
    found: dict[str, object] = {}
    for line in text.split("\n"):
        match = _ASSIGNMENT.fullmatch(line.strip())
        if match:
            name, value = match[1], match[2].strip()
            quoted = len(value) > 1 and value[0] in _QUOTES and value[0] == value[-1]
            found[name] = value[1:-1] if quoted else value
    return found


def _mapping(text: str, path: str) -> Mapping[str, object]:
    import yaml  # most workers read no such file

    loader: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # every scalar as the text that it is
    try:
        found = yaml.load(text, Loader=loader)  # noqa: S506 - makes texts, lists and maps only
    except (yaml.YAMLError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SecretError(f'the file "{path}" holds no YAML mapping')
    # An alias can make a small file stand for a huge list, so lists and maps inside are no values.
    return {str(key): value for key, value in found.items() if isinstance(value, str)}
