"""Tokens: each kind for its own purpose, for its own time."""

import jwt
import pytest
from structlog.testing import capture_logs

from pikoci.internal.domain.accounts import User
from pikoci.internal.domain.errors import InvalidError, UnauthenticatedError
from pikoci.internal.service.plumbing.settings import ServiceSettings
from pikoci.internal.service.plumbing.tokens import TokenService, UserClaims

SECRET = "s" * 64
ALICE = User(id=7, name="alice", password_hash="no hash", session_epoch=3)


class FixedClock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def tokens(clock: FixedClock) -> TokenService:
    return TokenService(SECRET, clock, ServiceSettings())


def forged(secret: str = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    claims = {"sub": "7", "epoch": 3, "aud": "pikoci-user", "typ": "user", "iat": 1_000_000, "exp": 1_086_400}
    return jwt.encode(
        {name: value for name, value in (claims | changes).items() if value is not None}, secret, algorithm
    )


def test_each_kind_is_read_back(tokens: TokenService) -> None:
    one, two = (tokens.read_user(tokens.user_token(ALICE)) for _ in range(2))
    assert one == UserClaims(user_id=7, session_epoch=3, id=one.id, expires_at=one.expires_at)
    assert one.id != two.id
    assert tokens.read_worker(tokens.worker_token("blue")).team == "blue"
    assert tokens.read_worker(tokens.worker_token()).team == ""
    assert tokens.read_user(forged()).user_id == 7


def test_no_kind_stands_in_for_another(tokens: TokenService) -> None:
    made = {"user": tokens.user_token(ALICE), "worker": tokens.worker_token()}
    readers = {"user": tokens.read_user, "worker": tokens.read_worker}
    for kind, token in made.items():
        for reader, read in readers.items():
            if kind != reader:
                with pytest.raises(UnauthenticatedError):
                    read(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "x" * 10_000,
        forged(secret="t" * 64),
        forged(algorithm="HS512"),
        jwt.encode({"sub": "7", "aud": "pikoci-user", "typ": "user"}, "", "none"),
        forged(aud="pikoci-worker"),
        forged(typ="worker"),
        forged(typ=None),
        forged(sub=None),
        forged(sub="seven"),
        forged(sub="-7"),
        forged(epoch=None),
        forged(exp=None),
        forged(exp=999_000),
        forged(iat=1_001_000),
        forged(iat=None),
    ],
)
def test_anything_else_is_refused(tokens: TokenService, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        tokens.read_user(token)


def test_sessions_end_but_for_a_little_leeway(tokens: TokenService, clock: FixedClock) -> None:
    token = tokens.user_token(ALICE)
    clock.time += 24 * 3600 + 29
    tokens.read_user(token)
    clock.time += 2
    with pytest.raises(UnauthenticatedError, match="expired"):
        tokens.read_user(token)


def test_worker_tokens_do_not_expire(tokens: TokenService, clock: FixedClock) -> None:
    token = tokens.worker_token()
    clock.time += 10 * 365 * 24 * 3600
    assert tokens.read_worker(token).team == ""


def test_a_short_secret_works_and_is_warned_about_once(clock: FixedClock) -> None:
    with capture_logs() as logs:
        short = TokenService("my-secret", clock, ServiceSettings())
        assert short.read_worker(short.worker_token()).team == ""
    assert [log["log_level"] for log in logs] == ["warning"]
    assert "my-secret" not in str(logs)


def test_an_empty_secret_is_refused(clock: FixedClock) -> None:
    with pytest.raises(InvalidError, match="empty"):
        TokenService("", clock, ServiceSettings())


def test_tokens_of_a_previous_secret_are_read_and_none_is_signed_with_it(clock: FixedClock) -> None:
    old = TokenService("o" * 64, clock, ServiceSettings())
    tokens = TokenService(SECRET, clock, ServiceSettings(), previous=["x" * 64, "o" * 64])
    assert tokens.read_user(old.user_token(ALICE)).user_id == 7
    assert tokens.read_worker(old.worker_token("blue")).team == "blue"
    for token in (tokens.user_token(ALICE), tokens.worker_token()):
        jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False, "verify_exp": False})
    with pytest.raises(UnauthenticatedError):
        TokenService(SECRET, clock, ServiceSettings()).read_worker(old.worker_token())


def test_a_previous_secret_opens_no_more_than_the_secret_itself(clock: FixedClock) -> None:
    old = "o" * 64
    tokens = TokenService(SECRET, clock, ServiceSettings(), lambda token_id: token_id == "gone", [old])
    refused = (
        forged(secret=old, exp=999_000),
        forged(secret=old, typ="worker"),
        forged(secret=old, algorithm="HS512"),
        forged(secret=old, iat=1_001_000),
        forged(secret="t" * 64),
    )
    for token in refused:
        with pytest.raises(UnauthenticatedError):
            tokens.read_user(token)
    with pytest.raises(UnauthenticatedError, match="revoked"):
        tokens.read_worker(forged(secret=old, aud="pikoci-worker", typ="worker", sub="worker", jti="gone"))


def test_each_worker_token_of_a_previous_secret_is_told_once(clock: FixedClock) -> None:
    old = TokenService("o" * 64, clock, ServiceSettings())
    tokens = TokenService(SECRET, clock, ServiceSettings(), previous=["o" * 64])
    outdated = [old.worker_token() for _ in range(2)]
    with capture_logs() as logs:
        for token in (*outdated, *outdated, tokens.worker_token(), old.user_token(ALICE)):
            reader = tokens.read_user if "user" in str(jwt.decode(token, options={"verify_signature": False})) else None
            (reader or tokens.read_worker)(token)
    assert [log["token_id"] for log in logs] == [tokens.read_worker(token).id for token in outdated]


def test_an_empty_previous_secret_is_refused(clock: FixedClock) -> None:
    with pytest.raises(InvalidError, match="empty"):
        TokenService(SECRET, clock, ServiceSettings(), previous=[""])
