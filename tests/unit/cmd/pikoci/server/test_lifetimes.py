"""How long sessions and API tokens last, as a server is told."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.service import ServiceSettings
from pikoci.server.application import _service_settings
from pikoci.server.command import read_settings, server

DAY = 24 * 3600


def told(*flags: str) -> ServiceSettings:
    return _service_settings(read_settings(server.make_context("server", list(flags)).params))


def test_the_defaults_are_those_of_the_services() -> None:
    known, default = told(), ServiceSettings()
    assert (known.session_lifetime, known.api_token_lifetime) == (DAY, 365 * DAY)
    assert (default.session_lifetime, default.api_token_lifetime) == (DAY, 365 * DAY)


@pytest.mark.parametrize(("flag", "seconds"), [("5m", 300), ("72h", 3 * DAY), ("8760h", 365 * DAY)])
def test_a_session_lasts_as_long_as_is_said(flag: str, seconds: float) -> None:
    assert told(f"--session-lifetime={flag}").session_lifetime == seconds


@pytest.mark.parametrize("flag", ["0", "299s", "8761h"])
def test_a_session_has_bounds(flag: str) -> None:
    with pytest.raises(InvalidError, match="--session-lifetime must be at least 5m and at most 8760h"):
        told(f"--session-lifetime={flag}")


def test_tokens_may_last_for_ever_where_the_server_says_so() -> None:
    assert told("--api-token-lifetime=0").api_token_lifetime is None
    assert told("--api-token-lifetime=1h").api_token_lifetime == 3600
    with pytest.raises(InvalidError, match="--api-token-lifetime is too long"):
        told("--api-token-lifetime=2000000h")
