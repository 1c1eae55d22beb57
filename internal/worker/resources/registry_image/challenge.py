"""What a registry says when it wants a login: RFC 9110's challenges, and where tokens are to be had."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import msgspec

_SCHEME = re.compile(r"(?:^|,)\s*(Basic|Bearer)\s+", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,\s*|$)')
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scheme` is `basic` or `bearer`."""

    scheme: str
    parameters: Mapping[str, str]


def read_challenges(header: str) -> list[Challenge]:
    """The challenges in `WWW-Authenticate` that can be met, tokens first."""
    found = []
    for scheme in _SCHEME.finditer(header):
        parameters: dict[str, str] = {}
        at = scheme.end()
        while parameter := _PARAMETER.match(header, at):
            parameters[parameter[1].lower()] = parameter[2] if parameter[2] is not None else parameter[3]
            at = parameter.end()
        found.append(Challenge(scheme[1].lower(), parameters))
    return sorted(found, key=lambda one: one.scheme != "bearer")


def token_address(challenge: Challenge, base: str, scope: str) -> str:
    """Where to ask for a token; empty unless that is https, or the registry itself."""
    realm = challenge.parameters.get("realm", "")
    if not realm.startswith("https://") and not same_origin(realm, base):
        return ""
    wanted = {"service": challenge.parameters.get("service", ""), "scope": scope}
    query = urlencode({name: value for name, value in wanted.items() if value})
    bare = realm.partition("#")[0]
    return f"{bare}{'&' if '?' in bare else '?'}{query}"


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses are of one server."""
    try:
        parts, others = ((part.scheme, part.hostname, part.port) for part in (urlsplit(one), urlsplit(other)))
    except ValueError:
        return False
    return parts == others


def read_token(body: bytes) -> str:
    """The token in an answer; empty if there is none that could be sent."""
    try:
        found = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    token = found.get("token") or found.get("access_token")
    return token if isinstance(token, str) and _PRINTABLE.fullmatch(token) else ""


def basic(username: str, password: str) -> str:
    """The header's value that names a user."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
