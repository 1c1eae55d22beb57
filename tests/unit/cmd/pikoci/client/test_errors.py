from __future__ import annotations

import pytest

from pikoci.client.errors import Credentials, clear_errors
from pikoci.internal.domain.errors import PikociError
from pikoci.pkg.client import ApiError, ClientError, ServerUnreachableError

URL = "http://ci"


def problem(kind: str, hint: str = "") -> ApiError:
    return ApiError(400, {"type": f"urn:pikoci:problem:{kind}", "detail": "no such thing", "hint": hint})


def test_an_answer_without_an_expected_field_is_no_traceback() -> None:
    with pytest.raises(PikociError, match="not what this version of pikoci expects") as caught, clear_errors(URL):
        raise KeyError("jobs")
    assert "version" in caught.value.hint


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (problem("not-found", "did you mean app?"), "no such thing", "did you mean app?"),
        (problem("conflict"), "no such thing", ""),
        (
            problem("unauthenticated"),
            "the login at http://ci is not valid any more: no such thing",
            "run `pikoci client login --url http://ci`",
        ),
        (problem("password-change-required"), "no such thing", "run `pikoci client password`"),
        (ApiError(502, {"detail": "bad gateway"}), "bad gateway", "is http://ci the address of a PikoCI server?"),
        (ServerUnreachableError("it is away"), "it is away", "is the server running? --url names another one"),
        (ClientError("not JSON"), "not JSON", "check --url, and what stands between here and the server"),
    ],
)
def test_every_refusal_becomes_one_sentence_and_a_way_out(error: ClientError, message: str, hint: str) -> None:
    with pytest.raises(PikociError) as caught, clear_errors(URL):
        raise error
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_refused_variable_is_named() -> None:
    with pytest.raises(PikociError) as caught, clear_errors(URL, Credentials.VARIABLE):
        raise problem("unauthenticated")
    assert caught.value.message == "http://ci refuses the token in the variable PIKOCI_TOKEN: no such thing"
    assert caught.value.hint == (
        "put a valid token into it, or `unset PIKOCI_TOKEN` and run `pikoci client login --url http://ci`"
    )


@pytest.mark.parametrize(
    ("kind", "message", "hint"),
    [
        ("unauthenticated", "you are not logged in at http://ci", "run `pikoci client login --url http://ci`"),
        ("not-found", "no such thing", "you are not logged in: run `pikoci client login --url http://ci`"),
    ],
)
def test_whoever_is_not_logged_in_is_told_so(kind: str, message: str, hint: str) -> None:
    with pytest.raises(PikociError) as caught, clear_errors(URL, Credentials.NONE):
        raise problem(kind)
    assert (caught.value.message, caught.value.hint) == (message, hint)
