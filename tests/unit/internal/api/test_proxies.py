"""Whose address counts for the limits of logins."""

import falcon
import pytest
from falcon.testing import create_environ

from pikoci.internal.api.proxies import ClientAddress
from pikoci.internal.api.request import ApiRequest


def client(address: str, forwarded: str | None, *trusted: str) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = ApiRequest(create_environ(remote_addr=address, headers=headers))
    ClientAddress(trusted).process_request(request, falcon.Response())
    return request.client


@pytest.mark.parametrize(
    ("address", "forwarded", "found"),
    [
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "203.0.113.9, 10.0.0.6", "203.0.113.9"),
        ("10.0.0.5", "10.0.0.7", "10.0.0.7"),
        ("10.0.0.5", "nonsense", "10.0.0.5"),
        ("10.0.0.5", "nonsense, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", None, "10.0.0.5"),
        ("::ffff:10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("203.0.113.1", "203.0.113.9", "203.0.113.1"),
        ("10.0.0.5", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_a_trusted_proxy_says_who_its_client_is(address: str, forwarded: str | None, found: str) -> None:
    assert client(address, forwarded, "10.0.0.0/24") == found


def test_nobody_is_believed_where_no_proxy_is_named() -> None:
    assert client("127.0.0.1", "203.0.113.9") == "127.0.0.1"


def test_clients_of_one_network_of_ipv6_are_one() -> None:
    assert client("2001:db8::1", None) == client("2001:db8::2", None) == "2001:db8::/64"
