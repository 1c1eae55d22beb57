"""The page of the audit log."""

import pytest

from pikoci.internal.domain.accounts import Principal, Role
from tests.integration.internal.service.world import PLAIN, World
from tests.unit.internal.web.site import Site


def test_changes_are_shown_with_who_made_them(site: Site, world: World) -> None:
    world.set(PLAIN)
    site.post("/teams/main/pipelines/p", "action=pause")
    for path in ("/audit", "/teams/main/audit"):
        text = site.get(path).text
        assert "pipeline.pause" in text
        assert '<th scope="row" title="session ' in text
        assert "127.0.0.1" in text
    assert "worker.join" not in site.get("/teams/main/audit").text


def test_what_is_asked_for_stays_in_the_form_and_in_the_next_page(site: Site, world: World) -> None:
    for number in range(51):
        world.services.accounts.ensure_team(f"team-{number}")
    text = site.get("/audit?action=team.&actor=system").text
    assert 'name="action" value="team."' in text
    assert 'href="?actor=system&amp;action=team.&amp;cursor=' in text
    assert "There are no such entries" in site.get("/audit?actor=nobody").text


@pytest.mark.parametrize("role", [None, Role.MAINTAIN])
def test_others_do_not_see_it(site: Site, world: World, role: Role | None) -> None:
    with world.store.transaction():
        bob = world.store.accounts.create_user("bob", "no hash", is_admin=False, must_change_password=False)
        team = world.store.accounts.find_team("main")
        assert team is not None
        world.store.accounts.set_role(team.id, bob.id, role)
    site.log_in(Principal(user=bob))
    assert "Audit log" not in site.get("/").text
    assert site.get("/audit").status_code == 403
    assert site.get("/teams/main/audit").status_code == (404 if role is None else 403)


def test_a_stranger_is_asked_to_log_in(site: Site) -> None:
    site.log_out()
    assert site.get("/audit").headers["location"] == "/login?next=/audit"


def test_what_others_wrote_is_escaped(site: Site, world: World) -> None:
    evil = "<script>alert(1)</script>"
    assert evil not in site.get(f"/audit?actor={evil}").text
