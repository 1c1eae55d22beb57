"""Whom to believe, and where to connect to."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from pathlib import Path

import gevent

_KEPT = 8
_contexts: dict[tuple[object, ...], ssl.SSLContext] = {}


def trusted(ca: str = "") -> ssl.SSLContext:
    """For the authorities in PEM text, or else for the machine's: those that `SSL_CERT_FILE` names where it is set.

    Reading them takes a while, so it happens in a native thread, and a few are kept; never longer than the machine's
    stay as they are. Raises ValueError for a text without a certificate.
    """
    wanted = (ca.strip(), *_machine())
    found = _contexts.get(wanted)
    if found is None:
        found = gevent.get_hub().threadpool.apply(_context, (ca.strip(),))
        while len(_contexts) >= _KEPT:
            _contexts.pop(next(iter(_contexts)), None)
        _contexts[wanted] = found
    return found


def public_address(name: str, port: int) -> str:
    """A numeric address of a host that everybody could connect to; empty if it has none. Raises OSError."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    places = (ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return next((str(place) for place in places if is_public(place)), "")


def is_public(place: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether everybody could connect to it, and not by way of another kind of address."""
    if isinstance(place, ipaddress.IPv6Address) and (place.ipv4_mapped or place.sixtofour or place.teredo):
        return False
    return place.is_global and not (place.is_multicast or place.is_reserved or place.is_private)


def proxy_for(scheme: str, host: str) -> str:
    """The proxy that the environment names for a `host:port`, or nothing."""
    from urllib import request  # which takes its time and memory

    proxies = request.getproxies_environment()
    found = proxies.get(scheme, "")
    if not found or request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined] # of POSIX
        return ""
    return found if "://" in found else f"http://{found}"


def _context(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=ca or None)
    except (ssl.SSLError, TypeError) as error:
        raise ValueError("no certificate in PEM form") from error


def _machine() -> tuple[object, ...]:
    """What changes when the machine's authorities do."""
    file = ssl.get_default_verify_paths().cafile
    try:
        stamp = Path(file).stat().st_mtime_ns if file else 0
    except OSError:
        stamp = 0
    return file, stamp, os.environ.get("SSL_CERT_DIR", "")
