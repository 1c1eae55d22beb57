"""Fetching a small file from an address that somebody else wrote, without being led to where only we can reach."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from http import HTTPStatus
from urllib.parse import urljoin

import gevent
import httpx

#: Bytes that a file may have, and how often its address may lead to another one.
MAX_BYTES, MAX_REDIRECTS = 256 * 1024, 3

_SCHEMES = ("https", "http")
_REDIRECTS = {301, 302, 303, 307, 308}


class FetchError(Exception):
    """There is no such file to be had; the text is one sentence, `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def fetch(address: str, *, private: bool = False, seconds: float, limit: int = MAX_BYTES) -> bytes:
    """What a GET of an http(s) address answers, following a few redirects. Needs a cooperative process.

    Only public addresses are connected to, or `private` ones too. A name is resolved once, and the address that was
    looked at is the one that is connected to. Proxies of the environment are not used. Raises FetchError, also after
    so many seconds in all and for more than `limit` bytes.
    """
    limited = gevent.Timeout(seconds)  # no OSError, which what is called here would take for another one
    try:
        with _client(seconds) as client, limited:
            for _ in range(MAX_REDIRECTS + 1):
                found = _get(client, address, limit, private=private)
                if isinstance(found, bytes):
                    return found
                address = _followed(address, found)
    except (gevent.Timeout, httpx.TimeoutException) as error:
        if isinstance(error, gevent.Timeout) and error is not limited:
            raise
        raise FetchError(f"there was no whole answer within {seconds:g} seconds") from error
    except httpx.HTTPError as error:
        raise FetchError(f"it cannot be reached: {error}") from error
    raise FetchError(f"it leads on more than {MAX_REDIRECTS} times", "give the address where it ends")


def _client(seconds: float) -> httpx.Client:
    trusted = ssl.create_default_context()  # what the machine trusts
    headers = {"Accept-Encoding": "identity", "User-Agent": "pikoci"}
    return httpx.Client(timeout=seconds, headers=headers, verify=trusted, trust_env=False)


def _get(client: httpx.Client, address: str, limit: int, *, private: bool) -> bytes | str:
    """The body, or the address that it leads to."""
    url = _url(address)
    name = url.raw_host.decode("ascii").strip("[]")
    port = url.port or (443 if url.scheme == "https" else 80)
    place = _place(name, port, private=private)
    request = client.build_request(
        "GET",
        url.copy_with(host=place),
        headers={"Host": url.netloc.decode("ascii")},
        extensions={"sni_hostname": name},
    )
    response = client.send(request, stream=True)
    try:
        if response.status_code in _REDIRECTS and "location" in response.headers:
            return response.headers["location"]
        if response.status_code != HTTPStatus.OK:
            raise FetchError(f"the answer is {response.status_code} {response.reason_phrase}".rstrip())
        if response.headers.get("content-encoding", "identity") != "identity":
            raise FetchError("the answer is compressed, which was not asked for")
        body = bytearray()
        for part in response.iter_raw():
            body += part
            if len(body) > limit:
                raise FetchError(f"it has more than {limit:,} bytes")
        return bytes(body)
    finally:
        response.close()


def _url(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError("it is no address that can be asked") from error
    if url.scheme not in _SCHEMES or not url.host:
        raise FetchError("it is no http:// or https:// address")
    if url.userinfo:
        raise FetchError("an address with a user or password would show it to everybody who reads the pipeline")
    return url


def _followed(address: str, location: str) -> str:
    """Where a redirect leads."""
    target = urljoin(address, location)
    if address.startswith("https:") and not target.startswith("https:"):
        raise FetchError("it leads from https:// to an address without", "give the address where it ends")
    return target


def _place(name: str, port: int, *, private: bool) -> str:
    """A numeric address of the host that may be connected to."""
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"there is no host {name}") from error
    places = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for place in places:
        if private or _is_public(place):
            return str(place)
    raise FetchError(
        f"{name} is not a public address ({', '.join(sorted({str(place) for place in places}))})",
        "the server fetches from such addresses with --allow-private-sources only",
    )


def _is_public(place: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether everybody could connect to it, and not by way of another kind of address."""
    if isinstance(place, ipaddress.IPv6Address) and (place.ipv4_mapped or place.sixtofour or place.teredo):
        return False
    return place.is_global and not (place.is_multicast or place.is_reserved or place.is_private)
