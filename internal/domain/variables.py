"""Which environment variables a pipeline may set: all but those that mean something to every command already."""

from __future__ import annotations

from pikoci.internal.domain.limits import MAX_ENV_VARIABLE
from pikoci.internal.domain.names import NameRule

NAME = NameRule("A-Za-z_", "A-Za-z0-9_", "letters, digits and `_`, the first no digit")

_RESERVED = frozenset({"WORKDIR", "TMPDIR", "CI", "CACHE_DIR", "NOTIFY_MESSAGE"})
_RESERVED_STARTS = (
    *("BUILD_", "PIKOCI_", "GET_", "TASK_", "INPUT_", "SERVICE_"),
    *("param_", "version_", "put_", "notify_", "secret_"),
)


def is_reserved(name: str) -> bool:
    """Whether commands see a variable of this name, or may see one, whose value is not the pipeline's to choose."""
    return name in _RESERVED or name.startswith(_RESERVED_STARTS)


def fault_of(name: str, value: str) -> str:
    """What keeps this from being an environment variable, as a clause that shows no value; empty if nothing does."""
    if not NAME.allows(name):
        return f'"{name[:40]}" is no name of an environment variable: it {NAME.sentence}'
    if is_reserved(name):
        return f'"{name}" is set by PikoCI itself, and a pipeline cannot change it'
    if "\0" in value:
        return f'the value of "{name}" has a NUL character, which no environment variable can hold'
    if size_of(name, value) > MAX_ENV_VARIABLE:
        return f'"{name}" and its value are longer than {MAX_ENV_VARIABLE:,} bytes, the most that Linux hands over'
    return ""


def size_of(name: str, value: str) -> int:
    """Bytes of `NAME=VALUE`."""
    return len(name) + 1 + len(value.encode("utf-8", "surrogatepass"))
