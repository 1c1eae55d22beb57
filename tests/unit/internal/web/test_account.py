"""The page of one's own account."""

from __future__ import annotations

import re

import pytest

from pikoci.internal.api import COOKIE
from pikoci.internal.service.use_cases.api_tokens import Wish
from tests.integration.internal.service.world import World
from tests.unit.internal.web.site import Site

MAKE = "action=make&name=deploy&team=main&role=write&days=30"


def made_token(page: str) -> str:
    found = re.search(r"<code>(pko_[\w-]+)</code>", page)
    assert found
    return found[1]


def test_a_token_is_made_shown_once_and_revoked(site: Site, world: World) -> None:
    page = site.post("/account", MAKE)
    assert page.status_code == 200
    token = made_token(page.text)
    assert world.services.api_tokens.open(token).token
    again = site.get("/account").text
    assert token not in again
    assert '<th scope="row">deploy</th>' in again
    (known,) = world.services.api_tokens.list(world.alice)
    done = site.post("/account", f"action=revoke&id={known.id}")
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert '<th scope="row">deploy</th>' not in site.get("/account").text


def test_a_mistake_is_told_with_the_form_as_it_was(site: Site) -> None:
    site.post("/account", MAKE)
    page = site.post("/account", MAKE)
    assert (page.status_code, "There is a token deploy already." in page.text) == (400, True)
    assert "<option selected>30</option>" in page.text
    assert "pko_" not in page.text


@pytest.mark.parametrize(
    "body",
    [
        "action=burn",
        "action=make&name=x&role=owner&days=30",
        "action=make&name=x&role=read&days=9999",
        "action=revoke&id=x",
        "action=end&id=",
    ],
)
def test_what_no_form_sends_is_refused(site: Site, body: str) -> None:
    assert site.post("/account", body).status_code == 400


def test_sessions_are_shown_and_ended(site: Site, world: World) -> None:
    user = world.alice.require_user()
    own, *others = (world.services.sessions.begin(user, "192.0.2.1", f"<Browser {n}>") for n in range(3))
    site.cookies = {COOKIE: own}
    page = site.get("/account").text
    assert all(f"&lt;Browser {n}&gt;" in page for n in range(3))
    first = world.services.tokens.read_user(others[0]).id
    assert site.post("/account", f"action=end&id={first}").status_code == 303
    assert "Browser 1" not in site.get("/account").text
    assert site.post("/account", "action=end-others").status_code == 303
    assert re.findall(r"Browser \d", site.get("/account").text) == ["Browser 0"]


def test_it_is_for_people_with_a_login(site: Site, world: World) -> None:
    site.log_out()
    assert site.get("/account").headers["location"] == "/login?next=/account"
    _, token = world.services.api_tokens.create(world.alice, Wish(name="x"))
    assert site.get("/account", Authorization=f"Bearer {token}").status_code == 403
    assert site.post("/account", MAKE, Authorization=f"Bearer {token}").status_code == 403


def test_a_change_from_another_site_is_refused(site: Site, world: World) -> None:
    assert site.post("/account", MAKE, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert world.services.api_tokens.list(world.alice) == []
