"""Passwords and failed attempts."""

import bcrypt
import pytest

from pikoci.internal.domain.errors import InvalidError, RateLimitedError
from pikoci.internal.service.plumbing.attempts import Attempts
from pikoci.internal.service.plumbing.passwords import (
    NO_PASSWORD,
    check_new_password,
    hash_password,
    is_password_hash,
    verify_password,
)
from tests.unit.internal.service.plumbing.test_tokens import FixedClock


def quick_hash(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


def test_a_password_matches_its_own_hash_only() -> None:
    hashed = hash_password("correct horse")
    assert is_password_hash(hashed)
    assert verify_password("correct horse", hashed)
    assert not verify_password("correct hors", hashed)


@pytest.mark.parametrize("password", ["", "x" * 73, "a\0b", "\udcff"])
def test_passwords_that_bcrypt_cannot_take_match_nothing(password: str) -> None:
    assert not verify_password(password, quick_hash(b"x" * 72))
    assert not verify_password(password, quick_hash(b"-"))


def test_a_hash_of_apache_is_a_hash() -> None:
    assert is_password_hash(quick_hash(b"secret").replace("$2b$", "$2y$"))
    assert verify_password("secret", quick_hash(b"secret").replace("$2b$", "$2y$"))


@pytest.mark.parametrize("text", ["", "plain", "$2b$12$short", f"$2b$31${'a' * 53}", f"$1$12${'a' * 53}"])
def test_other_texts_are_no_hashes(text: str) -> None:
    assert not is_password_hash(text)


def test_nobody_has_the_stand_in_hash() -> None:
    assert is_password_hash(NO_PASSWORD)
    assert not verify_password("", NO_PASSWORD)


@pytest.mark.parametrize("password", ["short", "x" * 73, "ä" * 37, "12345\0678", "\udcff" * 10])
def test_a_bad_new_password_is_refused(password: str) -> None:
    with pytest.raises(InvalidError, match="password"):
        check_new_password(password)


def test_a_good_new_password_is_taken() -> None:
    check_new_password("12345678")
    check_new_password("x" * 72)


def test_too_many_attempts_wait_for_the_end_of_the_window() -> None:
    clock = FixedClock()
    attempts = Attempts(clock, limit=3, window=60.0)
    for _ in range(3):
        attempts.begin("alice", "10.0.0.1")
    clock.time += 20
    with pytest.raises(RateLimitedError) as caught:
        attempts.begin("alice", "10.0.0.1")
    assert caught.value.retry_after == 40
    attempts.begin("alice", "10.0.0.2")
    attempts.begin("bob", "10.0.0.1")
    clock.time += 40
    attempts.begin("alice", "10.0.0.1")


def test_a_success_forgives() -> None:
    attempts = Attempts(FixedClock(), limit=2, window=60.0)
    for _ in range(10):
        attempts.begin("alice", "")
        attempts.forget("alice", "")


def test_memory_is_bounded() -> None:
    attempts = Attempts(FixedClock(), limit=2, window=60.0)
    for number in range(10_500):
        attempts.begin(f"user{number}", "")
    assert len(attempts._failures) == 10_000
