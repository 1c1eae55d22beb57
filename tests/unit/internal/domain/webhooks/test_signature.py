"""Who knows the secret."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from pikoci.internal.domain.webhooks.model import Delivery
from pikoci.internal.domain.webhooks.signature import is_genuine
from tests.unit.internal.domain.webhooks.deliveries import github, signed

SECRET = "s3cret-é"


@pytest.mark.parametrize(
    ("header", "prefix"),
    [
        ("x-hub-signature-256", "sha256="),
        ("x-hub-signature", "sha256="),
        ("x-gitea-signature", ""),
        ("x-forgejo-signature", ""),
        ("x-gogs-signature", ""),
    ],
)
def test_a_signature_of_the_body_is_believed(header: str, prefix: str) -> None:
    found = signed(github(), header, SECRET, prefix)
    assert is_genuine(found, SECRET)
    assert not is_genuine(found, SECRET + "x")
    assert not is_genuine(Delivery(found.headers, found.body + b" "), SECRET)
    cut = {**found.headers, header: found.headers[header][:-1]}
    assert not is_genuine(Delivery(cut, found.body), SECRET)


def test_gitlab_sends_the_secret_itself() -> None:
    as_wsgi_has_it = SECRET.encode().decode("latin-1")
    assert is_genuine(Delivery({"x-gitlab-token": as_wsgi_has_it}, b"{}"), SECRET)
    assert not is_genuine(Delivery({"x-gitlab-token": as_wsgi_has_it[:-1]}, b"{}"), SECRET)


@pytest.mark.parametrize("header", ["x-hub-signature-256", "x-gitea-signature", "x-gitlab-token", "x-hub-signature"])
@pytest.mark.parametrize("value", ["", "sha256=", "\xff", "☃", "x" * 10_000])
def test_what_is_missing_or_broken_is_not(header: str, value: str) -> None:
    assert not is_genuine(Delivery({header: value}, b"{}"), SECRET)


def test_sha1_is_not_believed() -> None:
    digest = hmac.new(SECRET.encode(), b"{}", hashlib.sha1).hexdigest()
    assert not is_genuine(Delivery({"x-hub-signature": f"sha1={digest}"}, b"{}"), SECRET)


def test_a_false_signature_beside_a_true_one_does_no_harm() -> None:
    found = signed(github(), "x-hub-signature-256", SECRET)
    assert is_genuine(
        Delivery({**found.headers, "x-hub-signature": "sha1=0", "x-gitlab-token": "y"}, found.body), SECRET
    )
