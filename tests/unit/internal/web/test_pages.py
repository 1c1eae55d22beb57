"""What the pages show, to whom, and what their buttons do."""

import re

import pytest

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.events import BuildFinished, LogWritten, StepFinished, StepStarted
from tests.integration.internal.service.world import PLAIN, TYPE, World
from tests.unit.internal.web.site import Site

PIPELINE = "/teams/main/pipelines/p"
JOB = f"{PIPELINE}/jobs/run"
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"


def test_without_pipelines_the_page_says_what_to_do(site: Site) -> None:
    assert "pikoci client pipelines set" in site.get("/").text


def test_pipelines_are_shown_with_the_state_of_their_jobs(site: Site, world: World) -> None:
    world.set(PLAIN)
    world.run(world.trigger(), BuildStatus.FAILED)
    world.services.pipelines.pause(world.alice, "main", "p")
    world.services.pipelines.publish(world.alice, "main", "p")
    text = site.get("/").text
    assert f'href="{PIPELINE}"' in text
    assert 'class="status failed"' in text
    assert "paused</span>" in text
    assert "public</span>" in text


def test_the_jobs_of_a_long_pipeline_are_counted(site: Site, world: World) -> None:
    world.set(PLAIN + "".join(f'\njob "other-{number}" {{\n}}\n' for number in range(12)))
    world.run(world.trigger(), BuildStatus.FAILED)
    world.claim(world.trigger())
    text = " ".join(site.get("/").text.split())
    assert "other-1" not in text
    assert text.count('class="chip"') == 2
    assert "no builds</span></span> 12 jobs </a>" in text
    assert 'failed, <span class="started">started</span></span></span> 1 job </a>' in text
    assert 'id="pipeline-1-none-none"' in text
    assert 'id="pipeline-1-failed-started"' in text


def test_a_running_build_is_a_ring_around_the_last_result(site: Site, world: World) -> None:
    world.set(PLAIN)
    world.run(world.trigger(), BuildStatus.FAILED)
    world.claim(world.trigger())
    for path in ("/", PIPELINE, JOB):
        assert 'class="status failed now-started"' in site.get(path).text
    assert re.search(r'failed, <span class="started">started</span>', site.get(PIPELINE).text)


def test_a_pipeline_is_shown_with_jobs_and_resources(site: Site, world: World) -> None:
    world.set(PLAIN + TYPE)
    world.find_versions("1.2.3")
    world.run(world.trigger())
    text = site.get(PIPELINE).text
    assert "<title>p · PikoCI</title>" in text
    assert f'href="{JOB}/builds/1"' in text
    assert "made.repo" in text
    assert "1.2.3" in text
    assert 'title="1970-01-12 13:46:40 UTC"' in text


def test_a_webhook_is_shown_to_who_may_write_and_whether_it_has_a_secret(site: Site, world: World) -> None:
    world.set(PLAIN + TYPE.replace('"@every 1m"', '"@every 1m"\n      webhook_secret = "s3cret"'))
    world.services.pipelines.publish(world.alice, "main", "p")
    text = site.get(PIPELINE).text
    assert "webhook, with a secret" in text
    assert f"/webhooks/{world.resource().webhook_token}</code>" in text
    assert "s3cret" not in text
    site.cookies.clear()
    public = site.get(PIPELINE).text
    assert "made.repo" in public
    assert "webhook" not in public


def test_pages_carry_a_strict_policy_and_no_inline_code(site: Site, world: World) -> None:
    world.set(PLAIN + TYPE)
    world.run(world.trigger())
    world.trigger()
    for path in ("/", PIPELINE, JOB, f"{JOB}/builds/1", f"{JOB}/builds/2", "/password", "/account", "/nowhere"):
        answer = site.get(path)
        assert answer.headers["content-security-policy"] == POLICY
        # No-referrer would make browsers hide the origin of forms, which are then refused.
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", answer.text)
        assert not re.search(r'<script(?! type="module" src="/static/)', answer.text)
        assert not re.search(r"(src|href|action)=\"(?!/|\?|#)", answer.text)
        assert re.search(r"<title>.+ · PikoCI</title>", answer.text)
        assert '<html lang="en">' in answer.text


def test_whatever_programs_say_is_text(site: Site, world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim, at = world.claim(build).claim, world.clock.now()
    world.report(
        build,
        claim,
        1,
        StepStarted(step="1", name=EVIL, kind=EVIL, at=at),
        LogWritten(step="1", at=at, data=f"{EVIL}\n".encode()),
        StepFinished(step="1", status=StepStatus.FAILED, at=at, exit_code=7, reason=EVIL),
        BuildFinished(status=BuildStatus.FAILED, at=at, reason=EVIL),
    )
    for path in (f"{JOB}/builds/1", JOB, PIPELINE, "/"):
        text = site.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    text = site.get(f"{JOB}/builds/1").text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert "exit 7" in text


def test_a_version_is_text_and_an_error_of_a_check_too(site: Site, world: World) -> None:
    world.set(TYPE + PLAIN)
    world.find_versions(EVIL)
    text = site.get(PIPELINE).text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text


def test_names_and_cursors_that_cannot_be_are_refused_with_a_page(site: Site, world: World) -> None:
    world.set(PLAIN)
    for path, status in (
        ("/teams/main/pipelines/%3Cscript%3E", 400),
        ("/teams/main/pipelines/other", 404),
        (f"{PIPELINE}/jobs/other", 404),
        (f"{JOB}/builds/x", 400),
        (f"{JOB}/builds/9", 404),
        (f"{JOB}?cursor=%3Cx%3E", 400),
        ("/?cursor=%C3%BC", 400),
    ):
        answer = site.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8"), path
        assert "<script>" not in answer.text


def test_builds_are_shown_part_by_part(site: Site, world: World) -> None:
    world.set(PLAIN)
    for _ in range(31):
        world.trigger()
    first = site.get(JOB).text
    assert f'href="{JOB}/builds/31"' in first
    assert f'href="{JOB}/builds/1"' not in first
    following = re.search(r'href="(\?cursor=[^"]+)"', first)
    assert following is not None
    second = site.get(JOB + following[1]).text
    assert re.findall(r"builds/(\d+)", second) == ["1"]
    assert "First page" in second


def test_a_running_build_names_its_events_and_a_finished_one_does_not(site: Site, world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    running = site.get(f"{JOB}/builds/1").text
    assert f'data-events="/api/v1{JOB}/builds/1/events" data-start="0"' in running
    assert '<noscript><meta http-equiv="refresh" content="5">' in running
    world.run(build)
    finished = site.get(f"{JOB}/builds/1").text
    assert "data-events" not in finished
    assert "<div>hello</div>" in finished
    assert "<div>hello</div>" not in site.get(f"{JOB}/builds/1?log=none").text


def test_a_long_log_is_cut_with_a_link_to_all_of_it(site: Site, world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim, at = world.claim(build).claim, world.clock.now()
    line = b"x" * 99 + b"\n"
    log = [LogWritten(step="1", at=at, data=line * 1000) for _ in range(3)]
    world.report(build, claim, 1, StepStarted(step="1", name="t", kind="task", at=at), *log)
    text = site.get(f"{JOB}/builds/1").text
    assert text.count("<div>xxx") == 256 * 1024 // 100
    cut = '<p id="cut" class="faint" data-keep>The log is long. Its end is shown; '
    assert f'{cut}<a href="/api/v1{JOB}/builds/1/log">' in text


def test_buttons_trigger_pause_check_cancel_and_retry(site: Site, world: World) -> None:
    world.set(PLAIN + TYPE)
    assert site.post(JOB, "action=trigger").headers["location"] == f"{JOB}/builds/1"
    assert site.post(f"{JOB}/builds/1", "action=cancel").headers["location"] == f"{JOB}/builds/1"
    assert world.builds()[0].status is BuildStatus.CANCELLED
    assert site.post(f"{JOB}/builds/1", "action=retry").headers["location"] == f"{JOB}/builds/1.1"
    assert site.post(PIPELINE, "action=pause").headers["location"] == PIPELINE
    assert 'value="unpause"' in site.get(PIPELINE).text
    assert site.post(PIPELINE, "action=unpause").headers["location"] == PIPELINE
    assert site.post(JOB, "action=pause").headers["location"] == JOB
    assert 'value="unpause"' in site.get(JOB).text
    assert site.post(JOB, "action=unpause").headers["location"] == JOB
    assert site.post(PIPELINE, "action=check&resource=made.repo").headers["location"] == PIPELINE
    assert world.services.scheduling.dispatch_checks()


@pytest.mark.parametrize(("path", "action", "made"), [(f"{JOB}/builds/1", "retry", "1.1"), (JOB, "trigger", "2")])
def test_a_button_that_is_clicked_twice_starts_one_build(
    site: Site, world: World, path: str, action: str, made: str
) -> None:
    world.set(PLAIN)
    world.run(world.trigger())

    def press(page: str) -> str | None:
        mark = re.search(r'name="once" value="([^"]+)"', page)
        assert mark
        return site.post(path, f"once={mark[1]}&action={action}").headers.get("location")

    page = site.get(path).text
    assert press(page) == press(page) == f"{JOB}/builds/{made}"
    assert len(world.builds()) == 2
    assert press(site.get(path).text) != f"{JOB}/builds/{made}"
    assert len(world.builds()) == 3


@pytest.mark.parametrize("path", [PIPELINE, JOB, f"{JOB}/builds/1"])
def test_other_actions_and_other_bodies_are_refused(site: Site, world: World, path: str) -> None:
    world.set(PLAIN)
    world.trigger()
    assert site.post(path, "action=delete").status_code == 400
    assert site.post(path, "").status_code == 400
    assert site.post(path, "action=%ff%fe").status_code == 400
    assert site.post(path, '{"action": "trigger"}', **{"Content-Type": "application/json"}).status_code == 400
    assert site.post(path, "action=pause&x=" + "x" * 70_000).status_code == 413
    assert len(world.builds()) == 1


def test_an_ended_build_cannot_be_cancelled(site: Site, world: World) -> None:
    world.set(PLAIN)
    world.run(world.trigger())
    answer = site.post(f"{JOB}/builds/1", "action=cancel")
    assert answer.status_code == 409
    assert "has ended" in answer.text


def test_who_may_only_read_sees_no_buttons(site: Site, world: World) -> None:
    world.set(PLAIN + TYPE)
    world.run(world.trigger())
    with world.store.transaction():
        user = world.store.accounts.create_user("dave", "no hash", is_admin=False, must_change_password=False)
    world.services.accounts.set_role(world.alice, "main", "dave", Role.READ)
    site.log_in(Principal(user=user))
    for path in (PIPELINE, JOB, f"{JOB}/builds/1"):
        text = site.get(path).text
        assert "Log out" in text
        assert 'name="action"' not in text
        assert site.post(path, "action=pause").status_code in {400, 403}


def test_strangers_see_public_pipelines_without_versions_and_buttons(site: Site, world: World) -> None:
    world.set(PLAIN + TYPE)
    world.set(PLAIN, "hidden")
    world.find_versions("1.2.3")
    world.run(world.trigger())
    site.log_out()
    assert site.get("/").headers["location"] == "/login?next=/"
    world.services.pipelines.publish(world.alice, "main", "p")
    home = site.get("/").text
    assert PIPELINE in home
    assert "pipelines/hidden" not in home
    assert "Log in" in home
    for path in (PIPELINE, JOB, f"{JOB}/builds/1"):
        text = site.get(path).text
        assert "1.2.3" not in text
        assert 'name="action"' not in text
    assert "<div>hello</div>" in site.get(f"{JOB}/builds/1").text
    hidden = site.get("/teams/main/pipelines/hidden")
    missing = site.get("/teams/main/pipelines/missing")
    assert (hidden.status_code, missing.status_code) == (303, 303)


def test_static_files_are_kept_by_browsers_until_they_change(site: Site) -> None:
    path = re.findall(r'href="(/static/\w+/pikoci.css)"', site.get("/login").text or site.get("/").text)
    style = site.get(path[0] if path else re.findall(r'"(/static/\w+/pikoci.css)"', site.get("/").text)[0])
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in style.headers["cache-control"]
    assert site.get("/static/other/pikoci.css").headers["cache-control"] == "no-cache"
    assert site.get("/static/other/secret.py").status_code == 404
    assert site.get("/static/other/..%2Fpage.py").status_code == 404


def test_errors_are_pages_for_people_and_problems_for_programs(site: Site) -> None:
    assert "There is nothing at /nowhere." in site.get("/nowhere").text
    assert site.get("/nowhere", Accept="application/json").headers["content-type"] == "application/problem+json"
    assert site.get("/api/v1/nowhere").headers["content-type"] == "application/problem+json"
    assert site.get("/api/v1/teams/main/pipelines/x").headers["content-type"] == "application/problem+json"


def test_a_mistake_of_the_server_is_a_page_with_the_name_of_its_log_line(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(world.store.jobs, "overviews", fail)
    world.set(PLAIN)
    answer = site.get(PIPELINE)
    assert answer.status_code == 500
    assert "error_id=" in answer.text
    assert "secret detail" not in answer.text
