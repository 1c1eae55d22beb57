"""Who makes a request."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.accounts import SYSTEM, Principal
from pikoci.internal.domain.errors import UnauthenticatedError


def test_a_stranger_is_asked_to_log_in() -> None:
    with pytest.raises(UnauthenticatedError, match="this needs a login") as caught:
        Principal().require_user()
    assert "log in" in caught.value.hint


def test_a_user_is_known() -> None:
    assert SYSTEM.require_user() is SYSTEM.user
