"""Who makes a request."""

from __future__ import annotations

from typing import Any

import pytest

from pikoci.internal.domain.accounts import SYSTEM, ApiToken, Principal, Role, User
from pikoci.internal.domain.errors import UnauthenticatedError


def test_a_stranger_is_asked_to_log_in() -> None:
    with pytest.raises(UnauthenticatedError, match="this needs a login") as caught:
        Principal().require_user()
    assert "log in" in caught.value.hint


def test_a_user_is_known() -> None:
    assert SYSTEM.require_user() is SYSTEM.user


BOB = User(id=7, name="bob", password_hash="")
CHIEF = User(id=8, name="chief", password_hash="", is_admin=True)


def with_token(user: User = BOB, role: Role = Role.WRITE, **limits: Any) -> Principal:
    token = ApiToken(id=1, name="t", role=role, created_by="", created_at=0.0, user_id=user.id, **limits)
    return Principal(user=user, roles={"main": Role.MAINTAIN, "blue": Role.READ}, token=token)


@pytest.mark.parametrize(
    ("principal", "may"),
    [
        (with_token(), "main write, blue read, main/p write, blue/p read"),
        (with_token(role=Role.ADMIN), "main maintain, blue read, main/p maintain, blue/p read"),
        (with_token(team_id=1, team="main"), "main write, main/p write"),
        (with_token(team_id=1, team="main", pipeline_id=2, pipeline="p"), "main/p write"),
        (with_token(team_id=1, team="main", pipeline_id=2), ""),
        (with_token(team_id=1), ""),
        (with_token(CHIEF), "main write, blue write, green write, main/p write, blue/p write"),
        (with_token(CHIEF, team_id=1, team="blue"), "blue write, blue/p write"),
    ],
)
def test_a_token_opens_what_it_and_its_owner_may(principal: Principal, may: str) -> None:
    held = []
    for place in ("main", "blue", "green", "main/p", "blue/p"):
        team, _, pipeline = place.partition("/")
        roles = [role for role in Role if principal.may(team, role, pipeline)]
        held += [f"{place} {roles[-1]}"] if roles else []
    assert ", ".join(held) == may


def test_only_a_token_that_says_so_is_a_global_administrators() -> None:
    assert [with_token(user, is_admin=is_admin).is_admin for user in (BOB, CHIEF) for is_admin in (False, True)] == [
        False,
        False,
        False,
        True,
    ]


def test_the_roles_that_are_shown_are_no_higher_than_the_tokens() -> None:
    assert with_token().effective_roles() == {"main": Role.WRITE, "blue": Role.READ}
    assert with_token(role=Role.READ, team_id=1, team="main").effective_roles() == {"main": Role.READ}
