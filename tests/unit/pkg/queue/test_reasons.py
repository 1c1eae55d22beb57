"""A reason says which settings to look at, where that can be told."""

import pytest

from pikoci.pkg.queue.reasons import explain

HINTS = {"Authorization": "check the login", "authentication": "check the login", "PermissionError": "check the rights"}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (OSError("gone"), "gone"),
        (OSError(), "OSError"),
        ("authorization violation", "authorization violation; check the login"),
        (OSError("Authentication: no authorization"), "Authentication: no authorization; check the login"),
        (PermissionError("no"), "no; check the rights"),
        ("ssl: CERTIFICATE_VERIFY_FAILED", "ssl: CERTIFICATE_VERIFY_FAILED; check QUEUE_TLS_CA"),
    ],
)
def test_a_reason_is_told_in_a_line(reason: object, text: str) -> None:
    assert explain(reason, HINTS) == text
