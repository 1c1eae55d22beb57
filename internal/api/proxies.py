"""Who a request comes from, also behind proxies that are trusted to say so."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import falcon

from pikoci.internal.api.request import ApiRequest

_Address = IPv4Address | IPv6Address
#: One client of IPv6 has at least so many addresses.
_IPV6_PREFIX = 64


class ClientAddress:
    """Falcon middleware that sets `request.address`, and `request.client`, by which logins are limited.

    It is the connection's own address, or what X-Forwarded-For names where that is a trusted proxy's: the last address
    that no trusted proxy has, since whatever stands before it may be made up. `trusted` are addresses and networks.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._networks = [ip_network(one) for one in trusted]

    def process_request(self, request: ApiRequest, _: falcon.Response) -> None:
        """Note who asks."""
        address = self._address(request)
        request.address = str(address)
        request.client = address if isinstance(address, str) else _one_client(address)

    def _address(self, request: ApiRequest) -> _Address | str:
        own = request.remote_addr
        address = _parsed(own)
        if not self._networks or address is None:
            return own if address is None else address
        for text in reversed(request.get_header("X-Forwarded-For", default="").split(",")):
            if not any(address in network for network in self._networks):
                break
            before = _parsed(text)
            if before is None:
                break
            address = before
        return address


def _parsed(text: str) -> _Address | None:
    try:
        address = ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _one_client(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), _IPV6_PREFIX), strict=False))
