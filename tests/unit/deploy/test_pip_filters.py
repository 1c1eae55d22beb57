"""Filters for pip's settings: logins go into a netrc file."""

from __future__ import annotations

import netrc
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.unit.deploy.collection import plugin

FILTERS = plugin("filter", "pikoci_pip").FilterModule().filters()
SECRET = 'p@ss/"word\\: %41'


def test_a_login_moves_from_the_address_to_the_netrc_file(tmp_path: Path) -> None:
    login = f"reader:{quote(SECRET, safe='')}"
    settings = {
        "PIP_INDEX_URL": f"https://{login}@packages.example.com:8443/simple/",
        "PIP_EXTRA_INDEX_URL": "https://other.example.com/a/ https://token@third.example.com/b/",
        "PIP_TIMEOUT": 5,
    }

    assert FILTERS["pikoci_pip_settings"](settings) == {
        "PIP_INDEX_URL": "https://packages.example.com:8443/simple/",
        "PIP_EXTRA_INDEX_URL": "https://other.example.com/a/ https://third.example.com/b/",
        "PIP_TIMEOUT": "5",
    }
    file = tmp_path / "netrc"
    file.write_text(FILTERS["pikoci_pip_netrc"](settings))
    found = netrc.netrc(file).hosts
    assert {host: (user, password) for host, (user, _, password) in found.items()} == {
        "packages.example.com": ("reader", SECRET),
        "third.example.com": ("token", ""),
    }


@pytest.mark.parametrize(
    ("second", "hosts"),
    [
        ("https://a:b@one.example.com/c/", ["one.example.com"]),
        ("https://c:d@one.example.com/c/", ["one.example.com"] * 2),
    ],
)
def test_several_logins_for_one_host_can_be_told(second: str, hosts: list[str]) -> None:
    settings = {"PIP_INDEX_URL": "https://a:b@one.example.com/", "PIP_EXTRA_INDEX_URL": second}
    assert FILTERS["pikoci_pip_hosts"](settings) == hosts


def test_a_proxy_keeps_its_login() -> None:
    settings = {"PIP_PROXY": "http://a:b@proxy.example.com:3128"}
    assert FILTERS["pikoci_pip_settings"](settings) == settings
    assert FILTERS["pikoci_pip_netrc"](settings) == ""
