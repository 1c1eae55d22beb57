"""`pikoci user-password`."""

from __future__ import annotations

import bcrypt
import pytest

from tests.unit.cmd.pikoci.conftest import Invoke


def test_the_hash_is_the_passwords(invoke: Invoke) -> None:
    result = invoke("user-password", "alice", input="correct horse\n")

    name, _, hashed = result.out.strip().partition(":")
    assert name == "alice"
    assert bcrypt.checkpw(b"correct horse", hashed.encode())


@pytest.mark.parametrize("name", ["", "a:b", "a,b", "a b", "n" * 101])
def test_a_name_that_the_server_would_refuse_is_refused(invoke: Invoke, name: str) -> None:
    result = invoke("user-password", name, input="correct horse\n")

    assert (result.status, result.out) == (1, "")
    assert "cannot be the name of a user" in result.err


@pytest.mark.parametrize("password", ["short", "x" * 73])
def test_a_password_has_as_many_bytes_as_bcrypt_reads(invoke: Invoke, password: str) -> None:
    result = invoke("user-password", "alice", input=f"{password}\n")

    assert (result.status, result.out) == (1, "")
    assert "a password has 8 to 72 bytes" in result.err
