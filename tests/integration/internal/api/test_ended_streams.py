"""A stream ends soon after what it was opened with, over a real socket."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pikoci.internal.domain.accounts import Principal, Role, User
from pikoci.internal.service.use_cases.api_tokens import Wish
from tests.integration.internal.api.live import Live, wait_until
from tests.integration.internal.api.test_streams import Reader
from tests.unit.internal.api.scene import hashed

API = "/api/v1"


def as_bob(live: Live) -> tuple[str, Principal]:
    """A session of a member of the team, and who that is."""
    store, admin = (
        live.scene.services.context.store,
        Principal(user=User(id=0, name="a", password_hash="", is_admin=True)),
    )
    with store.transaction():
        bob = store.accounts.create_user("bob", hashed("a password"), is_admin=False, must_change_password=False)
    live.scene.services.accounts.set_role(admin, "main", "bob", Role.WRITE)
    return live.scene.services.sessions.begin(bob), live.scene.services.accounts.principal_for(bob.id, 0)


def follow(live: Live, token: str) -> Reader:
    """A reader that is in the middle of a stream which was opened with the token."""
    admin, live.scene.token = live.scene.token, token
    reader = Reader(live)
    live.scene.token = admin
    wait_until(lambda: "status" in reader.kinds())
    return reader


End = Callable[[Live, int], int]
ENDS: dict[str, End] = {
    "revoked": lambda live, made: live.scene.call("DELETE", f"{API}/api-tokens/{made}").status_code,
    "its owner removed": lambda live, _: live.scene.call("DELETE", f"{API}/teams/main/members/bob").status_code,
}


@pytest.mark.parametrize("how", ENDS)
def test_of_a_token(live: Live, how: str) -> None:
    live.scene.trigger()
    _, bob = as_bob(live)
    made, token = live.scene.services.api_tokens.create(bob, Wish(name="follow", role=Role.READ))
    reader, other = follow(live, token), follow(live, live.scene.token)
    assert ENDS[how](live, made.id) == 204
    reader.greenlet.get(timeout=30)
    assert "end" not in reader.kinds()
    assert not other.greenlet.ready()
    other.greenlet.kill()


@pytest.mark.parametrize("query", ["", "?user=bob"])
def test_of_a_session(live: Live, query: str) -> None:
    live.scene.trigger()
    session, _ = as_bob(live)
    reader = follow(live, session)
    if query:
        answer = live.scene.call("DELETE", f"{API}/sessions", query_string="user=bob")
    else:
        answer = live.scene.call("POST", f"{API}/logout", headers={"Authorization": f"Bearer {session}"})
    assert answer.status_code == 204
    reader.greenlet.get(timeout=30)
    assert "end" not in reader.kinds()
