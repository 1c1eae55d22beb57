"""Worker tokens that the control machine makes."""

from __future__ import annotations

import jwt
import pytest
from ansible.errors import AnsibleFilterError

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.tags import MAX_TOKEN_TAGS
from pikoci.internal.service.plumbing.settings import ServiceSettings
from pikoci.internal.service.plumbing.tokens import TokenService
from tests.unit.deploy.collection import plugin

SECRET = "s" * 32
make = plugin("filter", "pikoci_worker_token").FilterModule().filters()["pikoci_worker_token"]


def test_the_server_takes_it_as_one_of_its_own() -> None:
    tokens = TokenService(SECRET, SystemClock(), ServiceSettings())
    ours = jwt.decode(tokens.worker_token("mobile"), SECRET, algorithms=["HS256"], audience="pikoci-worker")
    made = jwt.decode(make(SECRET, team="mobile"), SECRET, algorithms=["HS256"], audience="pikoci-worker")
    assert made | {"jti": "", "iat": 0} == ours | {"jti": "", "iat": 0}
    assert tokens.read_worker(make(SECRET, team="mobile")).team == "mobile"
    assert tokens.read_worker(make(SECRET)).team == ""


def test_it_carries_the_tags_that_it_is_made_with() -> None:
    tokens = TokenService(SECRET, SystemClock(), ServiceSettings())
    assert tokens.read_worker(make(SECRET, tags=["gpu", "deploy", "gpu"])).tags == ["deploy", "gpu"]
    assert tokens.read_worker(make(SECRET, tags=[])).tags == []
    assert tokens.read_worker(make(SECRET)).tags is None


def test_as_many_tags_fit_as_the_server_takes() -> None:
    assert plugin("filter", "pikoci_worker_token").MOST_TAGS == MAX_TOKEN_TAGS


@pytest.mark.parametrize("tags", ["gpu", [1], ["a b"], [f"t{number}" for number in range(21)]])
def test_what_are_no_tags_is_refused(tags: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"is not a list of tags|at most 20 tags"):
        make(SECRET, tags=tags)


def test_it_is_the_same_every_time() -> None:
    assert make(SECRET, "mobile", 3) == make(SECRET, "mobile", 3)


def test_another_secret_team_or_serial_gives_another_id() -> None:
    kinds: list[dict[str, object]] = [
        {},
        {"tags": []},
        {"team": "mobile"},
        {"serial": 2},
        {"team": "mobile", "serial": 2},
    ]
    tokens = [make("t" * 32), *(make(SECRET, **kind) for kind in kinds)]
    ids = {jwt.decode(token, options={"verify_signature": False})["jti"] for token in tokens}
    assert len(ids) == len(tokens)


def test_another_secret_does_not_open_the_server() -> None:
    tokens = TokenService(SECRET, SystemClock(), ServiceSettings())
    with pytest.raises(Exception, match="the token is not valid here"):
        tokens.read_worker(make("t" * 32))


@pytest.mark.parametrize("secret", ["", "s" * 31, None, 7, ["s" * 32]])
def test_a_weak_secret_is_refused_and_not_shown(secret: object) -> None:
    with pytest.raises(AnsibleFilterError, match="32 bytes or more; make one") as refusal:
        make(secret)
    assert "sss" not in str(refusal.value)


@pytest.mark.parametrize(("team", "serial"), [("a b", 1), (None, 1), ("\n", 1), ("main", "2"), ("main", True)])
def test_what_is_no_team_or_serial_is_refused(team: object, serial: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"is not the name of a team|must be a whole number"):
        make(SECRET, team, serial)
