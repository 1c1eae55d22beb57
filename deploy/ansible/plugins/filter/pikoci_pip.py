"""Filters for pip's settings: addresses without their logins, and the logins for a netrc file.

Where pip builds a package, it hands the addresses of indexes to another pip on the command line, for all to see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

_LOGIN = re.compile(r"(?P<scheme>https?://)(?P<user>[^\s/:@]*)(?::(?P<password>[^\s/@]*))?@(?P<host>[^\s/:]+)")
_ESCAPED = re.compile(r'(["\\])')
#: It needs its login in the address.
_PROXY = "PIP_PROXY"


def without_logins(environment: Mapping[str, object]) -> dict[str, str]:
    """The settings, on a line each, with the logins taken out of the addresses of indexes."""
    return {
        name: str(value) if name == _PROXY else _LOGIN.sub(r"\g<scheme>\g<host>", str(value))
        for name, value in environment.items()
    }


def netrc(environment: Mapping[str, object]) -> str:
    """What stands in a netrc file for these settings: a line for each host with a login."""
    return "".join(
        f"machine {host} login {user} password {password}\n" for host, user, password in _logins(environment)
    )


def hosts_with_logins(environment: Mapping[str, object]) -> list[str]:
    """The hosts with a login, each as often as it has another one."""
    return [host for host, _, _ in _logins(environment)]


def _logins(environment: Mapping[str, object]) -> list[tuple[str, str, str]]:
    return sorted({login for name, value in environment.items() if name != _PROXY for login in _found(str(value))})


def _found(value: str) -> Iterator[tuple[str, str, str]]:
    for match in _LOGIN.finditer(value):
        yield match["host"], _quoted(match["user"]), _quoted(match["password"] or "")


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(r"\\\1", unquote(text)) + '"'


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"pikoci_pip_hosts": hosts_with_logins, "pikoci_pip_netrc": netrc, "pikoci_pip_settings": without_logins}
