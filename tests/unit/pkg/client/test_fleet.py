"""Finding a worker token's id without its secret."""

import base64
import json

import pytest

from pikoci.pkg.client import ClientError
from pikoci.pkg.client.fleet import token_id_of


def token(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"head.{payload}.signature"


@pytest.mark.parametrize("padding", range(4))
def test_the_id_is_read_from_the_token(padding: int) -> None:
    token_id = "3f1c09" + "x" * padding
    assert token_id_of(f" {token({'jti': token_id})}\n") == token_id


def test_an_id_is_itself() -> None:
    assert token_id_of("3f1c09\n") == "3f1c09"


@pytest.mark.parametrize("text", ["a.b.c", "..", token({}), token([1]), token("jti"), "a.ä.c"])
def test_anything_else_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ClientError, match="neither a worker token") as caught:
        token_id_of(text)
    assert text not in str(caught.value)
