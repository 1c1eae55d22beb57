"""Filters for settings: durations, values of environment files, addresses of the fleet's hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_TERM = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
#: What systemd drops a variable for, beside a null byte; tabs and line breaks may stand in a value.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ESCAPED = re.compile(r'(["\\$`])')


def seconds(text: object) -> float:
    """The seconds of a duration as the program takes it, such as `1h30m`.

    Raises AnsibleFilterError for what is none.
    """
    body = str(text).strip()
    if body == "0":
        return 0.0
    terms = _TERM.findall(body)
    if not terms or "".join(number + unit for number, unit in terms) != body:
        raise AnsibleFilterError(f"{body!r} is no duration; write numbers with units, such as 30s, 10m or 1h30m")
    return float(sum(float(number) * _SECONDS[unit] for number, unit in terms))


def environment_value(value: object) -> str:
    """A value as systemd's EnvironmentFile takes it, in double quotes; lists get commas, booleans lower case.

    Raises AnsibleFilterError for a control character, since systemd would drop the whole variable without an error.
    """
    text = _text(value)
    if _CONTROL.search(text):
        raise AnsibleFilterError("a setting holds a control character, which an environment file cannot; remove it")
    return '"' + _ESCAPED.sub(r"\\\1", text) + '"'


def addresses(hosts: Sequence[str], hostvars: Mapping[str, Any], port: int, variable: str = "") -> list[str]:
    """Where the other hosts reach these: HOST:PORT, the port from the host's own `variable` if it has one."""
    found = []
    for host in hosts:
        known = hostvars[host]
        address = str(known.get("pikoci_address") or known.get("ansible_host") or host)
        literal = f"[{address}]" if address.count(":") > 1 and not address.startswith("[") else address
        found.append(f"{literal}:{known.get(variable) or port}")
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {
            "pikoci_addresses": addresses,
            "pikoci_environment_value": environment_value,
            "pikoci_seconds": seconds,
        }
