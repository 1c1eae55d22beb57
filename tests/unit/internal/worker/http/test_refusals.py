"""What the server refused is, in a worker, the error that the server raised."""

from __future__ import annotations

from email.message import Message
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from pikoci.internal.api.problems import PROBLEMS, headers_for
from pikoci.internal.domain.errors import ERRORS, InvalidError, PikociError, UnavailableError
from pikoci.internal.worker.http.refusals import refusal

ADDRESS = "http://ci.example.com"


def refused(status: int, slug: str, headers: dict[str, str] | None = None) -> PikociError:
    found = Message()
    for name, value in (headers or {}).items():
        found[name] = value
    response = cast("HTTPResponse", SimpleNamespace(status=status, reason="Because", headers=found))
    body = msgspec.json.encode({"type": f"urn:pikoci:problem:{slug}", "detail": "no", "hint": "wait"})
    return refusal(response, body, ADDRESS)


@pytest.mark.parametrize("kind", ERRORS.values(), ids=lambda kind: kind.slug)
def test_an_error_crosses_the_wire(kind: type[PikociError]) -> None:
    _, status = PROBLEMS[kind]
    error = kind("no", hint="wait", retry_after=7.0)
    arrived = refused(status, kind.slug, headers_for(error))

    assert type(arrived) is (UnavailableError if status in {429, 503} else kind)
    assert arrived.reaction is kind.reaction
    assert arrived.retry_after == (7.0 if "Retry-After" in headers_for(error) else 0.0)


def test_what_is_not_known_may_pass() -> None:
    assert type(refused(404, "route-not-found")) is UnavailableError
    assert type(refused(409, "of-a-newer-server")) is UnavailableError
    assert type(refused(500, "not-found")) is UnavailableError


def test_a_body_of_another_kind_stays_wrong() -> None:
    assert type(refused(415, "unsupported-media-type")) is InvalidError
