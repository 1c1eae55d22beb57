"""The votes on the page of a build."""

import pytest

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.gateway import AnnouncementResult
from tests.integration.internal.service.test_approvals import approve, asking, person
from tests.integration.internal.service.world import World
from tests.unit.internal.web.site import Site

BUILD = "/teams/main/pipelines/p/jobs/run/builds/1"
TWO = 'approve "release" {\n approvals = 2\n timeout = "2h"\n }\n approve "a&b" {}'


@pytest.fixture
def build(world: World) -> Build:
    world.set(asking(TWO))
    return world.trigger()


def as_member(site: Site, world: World, role: Role) -> Principal:
    """Somebody of that role in the team, logged in."""
    principal = person(world, "bob", role)
    user = principal.require_user()
    team = world.store.accounts.find_team("main")
    assert team is not None
    with world.store.transaction():
        world.store.accounts.set_role(team.id, user.id, role)
    site.log_in(principal)
    return principal


def test_the_page_says_what_is_missing_and_who_voted(site: Site, world: World, build: Build) -> None:
    approve(world, build, label="release", reason="seen <b>")
    text = site.get(BUILD).text
    assert "<b>release</b> 1 of 2 approvals, 1 missing; fails" in text
    assert "<b>a&amp;b</b> 0 of 1 approval, 1 missing</p>" in text
    assert 'alice <span class="succeeded">approved</span>' in text
    assert ": seen &lt;b&gt;</li>" in text


def test_the_page_says_whether_people_were_told(site: Site, world: World) -> None:
    types = 'notification_type "own" {\n notify "shell" { cmd = "true" }\n }\n notification "own" "team" {}\n'
    world.set(types + asking('approve "release" {\n notify "own" "team" {}\n }'))
    build = world.trigger()
    assert 'own.team <span class="skipped">to be sent</span>' in site.get(BUILD).text
    gateway = world.services.gateway
    (one,) = world.store.announcements.of_build(build.id)
    claim = gateway.claim_announcement(one.id, "w", "i1").claim
    gateway.finish_announcement(one.id, claim, AnnouncementResult(error="<no> luck"))
    text = site.get(BUILD).text
    assert 'own.team <span class="failed">could not be sent</span>' in text
    assert ": &lt;no&gt; luck</p>" in text
    world.services.pipelines.publish(world.alice, "main", "p")
    site.log_out()
    assert "own.team" not in site.get(BUILD).text


def test_only_who_may_vote_has_the_buttons(site: Site, world: World, build: Build) -> None:
    assert site.get(BUILD).text.count('value="approve"') == 2
    as_member(site, world, Role.WRITE)
    text = site.get(BUILD).text
    assert 'value="approve"' not in text
    assert "2 missing" in text
    assert site.post(BUILD, "action=approve&label=release").status_code == 403
    as_member(site, world, Role.MAINTAIN)
    assert site.get(BUILD).text.count('value="reject"') == 2


def test_strangers_see_no_approvals(site: Site, world: World, build: Build) -> None:
    approve(world, build, label="release")
    world.services.pipelines.publish(world.alice, "main", "p")
    site.log_out()
    text = site.get(BUILD).text
    assert "waiting" in text
    assert "alice" not in text
    assert "missing" not in text


def test_the_forms_vote_and_lead_back_to_the_build(site: Site, world: World, build: Build) -> None:
    answer = site.post(BUILD, "action=approve&label=a%26b&reason=")
    assert (answer.status_code, answer.headers["location"]) == (303, BUILD)
    assert site.post(BUILD, "action=reject&label=release&reason=+").status_code == 400
    assert world.build(build).status is BuildStatus.WAITING
    assert site.post(BUILD, "action=reject&label=release&reason=not+ready").status_code == 303
    text = site.get(BUILD).text
    assert "release was rejected by alice: not ready" in text
    assert 'value="approve"' not in text
    assert site.post(BUILD, "action=approve&label=release").status_code == 409


def test_a_retry_says_that_its_original_was_approved(site: Site, world: World) -> None:
    world.set(asking())
    build = world.trigger()
    approve(world, build)
    world.schedule()
    world.run(build, BuildStatus.FAILED)
    assert "before it was retried" not in site.get(BUILD).text
    world.services.builds.retry(world.alice, "main", "p", "run", "1")
    assert "before it was retried" in site.get(f"{BUILD}.1").text
