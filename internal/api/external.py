"""The address at which users reach the server: its path, and the hosts that a browser may name."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import falcon

from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.settings import ApiSettings


class UnknownHostError(falcon.HTTPError):
    """A browser came by a name that is not the server's."""

    def __init__(self, host: str, known: str) -> None:
        super().__init__(falcon.HTTP_421, description=f"this server is not {host[:200]}, but {known}")


class ExternalAddress:
    """Falcon middleware for `external_url`; without one nothing is refused, and the path is empty.

    Its path may stand before every address: proxies pass it on, or take it away, and who comes without a proxy leaves
    it out. A request by another name is refused where a browser can have made it: a page elsewhere, whose name leads
    here all of a sudden, must not read or do anything. So credentials that a browser does not send by itself, the
    operators' and webhooks' addresses, addresses of machines, and trusted proxies are not asked for their name.
    """

    def __init__(self, settings: ApiSettings) -> None:
        parts = urlsplit(settings.external_url)
        self._url = settings.external_url
        self._host = (parts.hostname or "").lower()
        self._prefix = parts.path.rstrip("/")
        self._proxies = [ip_network(one) for one in settings.trusted_proxies]

    def process_request(self, request: ApiRequest, _: falcon.Response) -> None:
        """Take the path off."""
        if self._prefix and (request.path == self._prefix or request.path.startswith(f"{self._prefix}/")):
            request.path = request.path[len(self._prefix) :] or "/"

    def process_resource(self, request: ApiRequest, _: falcon.Response, resource: object, __: Any) -> None:
        """Refuse a name that is not the server's. Raises UnknownHostError."""
        host = request.env.get("HTTP_HOST", "")
        if not self._host or not host or "HTTP_AUTHORIZATION" in request.env:
            return
        by_browser = getattr(resource, "authenticates", True) or "HTTP_ORIGIN" in request.env
        if by_browser and not self._is_known(_name(host)) and not self._by_proxy(request.remote_addr):
            raise UnknownHostError(host, self._url)

    def _is_known(self, name: str) -> bool:
        return name in {self._host, "localhost"} or _is_address(name)

    def _by_proxy(self, peer: str) -> bool:
        return _is_address(peer) and any(ip_address(peer) in network for network in self._proxies)


def _name(host: str) -> str:
    """The host without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower().rstrip(".")
    except ValueError:
        return ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
