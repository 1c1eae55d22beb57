"""The page that asks for a job's inputs."""

import re

import pytest

from pikoci.internal.domain.accounts import Principal
from tests.integration.internal.service.test_trigger import limited
from tests.integration.internal.service.world import PLAIN, World
from tests.unit.internal.web.site import Site

JOB = "/teams/main/pipelines/p/jobs/run"
FORM = f"{JOB}/trigger"
ASKING = limited(
    """
    input "place" {
      description = "where it goes"
      choices     = ["staging", "production"]
      required    = true
    }
    input "count" {
      type    = number
      default = 3
    }
    input "dry-run" { type = bool }
    input "hosts" {
      type    = list(string)
      default = ["a", "<b>"]
    }
    input "note" { default = "none" }
"""
)


@pytest.fixture
def asking(world: World) -> World:
    world.set(ASKING)
    return world


def test_the_job_leads_to_the_form_where_it_asks_for_something(site: Site, asking: World) -> None:
    assert f'<a class="button" href="{FORM}">Trigger…</a>' in site.get(JOB).text
    asking.set(PLAIN)
    assert 'value="trigger"' in site.get(JOB).text


def test_the_form_asks_for_each_input_as_it_is(site: Site, asking: World) -> None:
    text = site.get(FORM).text
    assert "Where it goes." in text or "where it goes." in text.lower()
    for number, name in enumerate(["place", "count", "dry-run", "hosts", "note"], 1):
        assert f'<label for="input-{number}">{name}' in text
        assert re.search(rf'<(input|select|textarea) [^>]*id="input-{number}"[^>]*name="input\.{name}"', text)
    assert text.count("<option") == 6
    assert 'aria-required="true"' in text
    assert 'value="3"' in text
    assert ">\na\n&lt;b&gt;</textarea>" in text
    assert "<script" not in text.partition("<main")[2], "it works without scripts"


def fill(**values: str) -> str:
    fields = {"place": "staging", "count": "3", "dry-run": "", "hosts": "a%0D%0Ab", "note": "", **values}
    return "&".join(f"input.{name}={value}" for name, value in fields.items())


def test_what_is_filled_in_starts_a_build_and_is_shown_with_it(site: Site, asking: World) -> None:
    answer = site.post(FORM, fill(note="a+%3Cb%3E"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{JOB}/builds/1")
    (build,) = asking.builds()
    assert build.values == {"place": "staging", "count": 3, "hosts": ["a", "b"], "note": "a <b>"}
    page = site.get(f"{JOB}/builds/1").text
    assert "<dt>Input place</dt><dd>staging</dd>" in page
    assert "<dd>a &lt;b&gt;</dd>" in page
    assert "<dd>[&#34;a&#34;,&#34;b&#34;]</dd>" in page


def test_text_may_be_empty_and_an_empty_number_is_the_default(site: Site, asking: World) -> None:
    site.post(FORM, fill(count="", note="", hosts=""))
    (build,) = asking.builds()
    assert build.values == {"place": "staging", "count": 3, "hosts": [], "note": ""}


def test_a_mistake_shows_the_form_again_with_what_was_filled_in(site: Site, asking: World) -> None:
    answer = site.post(FORM, fill(place="", count="many", note="keep+me"))
    assert answer.status_code == 400
    assert asking.builds() == []
    text = answer.text
    assert 'role="alert"' in text
    assert re.search(r'id="input-2-fault">It must be a number\.<', text)
    assert re.search(r'id="input-2"[^>]*aria-describedby="input-2-fault"[^>]*aria-invalid="true"', text)
    assert re.search(r'aria-describedby="input-1-fault input-1-about"', text)
    assert 'value="many"' in text
    assert 'value="keep me"' in text


def test_a_second_click_starts_no_second_build(site: Site, asking: World) -> None:
    body = f"once=abc&{fill()}"
    places = {site.post(FORM, body).headers["location"] for _ in range(2)}
    assert places == {f"{JOB}/builds/1"}
    assert len(asking.builds()) == 1


def test_a_mistake_can_be_corrected_in_the_form_that_was_sent(site: Site, asking: World) -> None:
    assert site.post(FORM, f"once=abc&{fill(count='x')}").status_code == 400
    assert site.post(FORM, f"once=abc&{fill()}").status_code == 303


def test_fields_that_no_input_has_are_passed_over(site: Site, asking: World) -> None:
    assert site.post(FORM, f"{fill()}&input.other=1&other=2").status_code == 303


def test_only_who_may_start_builds_sees_the_form(site: Site, asking: World) -> None:
    asking.services.pipelines.publish(asking.alice, "main", "p")
    with asking.store.transaction():
        bob = asking.store.accounts.create_user("bob", "no hash", is_admin=False, must_change_password=False)
    site.log_in(Principal(user=bob))
    assert site.get(FORM).status_code == 403
    assert site.post(FORM, fill()).status_code == 403
    assert asking.builds() == []


def test_a_job_without_inputs_can_be_triggered_there_too(site: Site, world: World) -> None:
    world.set(PLAIN)
    assert "asks for nothing" in site.get(FORM).text
    assert site.post(FORM, "").status_code == 303
    assert site.get("/teams/main/pipelines/p/jobs/none/trigger").status_code == 404
