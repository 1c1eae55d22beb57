"""Logging in and out, and what a change needs."""

import bcrypt
import pytest

from pikoci.internal.api import COOKIE
from pikoci.internal.domain.accounts import Principal
from tests.integration.internal.service.world import PLAIN, World
from tests.unit.internal.web.site import Site

PASSWORD = "a good password"


@pytest.fixture
def bob(world: World) -> str:
    """A user with a password of his own; few rounds, as it is hashed for each test."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    world.services.accounts.ensure_users([f"bob:{hashed}"])
    return f"name=bob&password={PASSWORD.replace(' ', '+')}"


def test_a_stranger_is_led_to_the_login_and_back(site: Site, bob: str) -> None:
    site.log_out()
    first = site.get("/teams/main/pipelines/p?cursor=x")
    assert (first.status_code, first.headers["location"]) == (303, "/login?next=/teams/main/pipelines/p%3Fcursor%3Dx")
    assert "www-authenticate" not in first.headers
    then = site.post(first.headers["location"], bob)
    assert (then.status_code, then.headers["location"]) == (303, "/teams/main/pipelines/p?cursor=x")
    cookie = then.cookies[COOKIE]
    assert (cookie.http_only, cookie.same_site, cookie.path, cookie.secure) == (True, "Strict", "/", False)
    assert cookie.max_age == 24 * 3600
    assert PASSWORD not in then.text


def test_the_cookie_is_for_https_alone_where_the_site_is(world: World, bob: str) -> None:
    https = Site(world, protocol="https")
    https.log_out()
    assert https.post("/login", bob).cookies[COOKIE].secure


def test_the_session_opens_pages(site: Site, bob: str) -> None:
    site.log_out()
    site.cookies = {COOKIE: site.post("/login", bob).cookies[COOKIE].value}
    assert "bob" in site.get("/").text


def test_a_link_on_another_site_is_followed_once_more_from_here(site: Site) -> None:
    site.log_out()
    headers = {"Sec-Fetch-Site": "cross-site"}
    page = site.get("/teams/main/pipelines/p?cursor=%22%3Ex", **headers)
    assert page.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/teams/main/pipelines/p?cursor=%22%3Ex">' in page.text
    assert site.get("/teams/main/pipelines/p", **{"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_a_login_never_leads_to_another_site(site: Site, bob: str) -> None:
    site.log_out()
    for wanted in ("https://example.org/", "//example.org/", "/%5Cexample.org", "/%09/example.org"):
        assert site.post(f"/login?next={wanted}", bob).headers["location"] == "/"


def test_a_wrong_password_is_said_on_the_form(site: Site, bob: str) -> None:
    site.log_out()
    answer = site.post("/login", "name=%22%3Eb&password=guess")
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert 'value="&#34;&gt;b"' in answer.text
    assert "guess" not in answer.text
    assert COOKIE not in answer.cookies


def test_too_many_guesses_are_refused_for_a_while(site: Site, bob: str) -> None:
    site.log_out()
    answers = [site.post("/login", "name=bob&password=guess") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "Too many failed logins." in answers[-1].text
    assert site.post("/login", bob).status_code == 429


def test_who_is_logged_in_needs_no_login(site: Site) -> None:
    assert site.get("/login?next=/teams/main/pipelines/p").headers["location"] == "/teams/main/pipelines/p"


def test_a_logout_takes_the_session_away(site: Site) -> None:
    answer = site.post("/logout")
    assert answer.headers["location"] == "/login"
    assert answer.cookies[COOKIE].max_age == 0 or not answer.cookies[COOKIE].value
    assert site.get("/logout").status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "", "Origin": "https://example.org"},
        {"Sec_Fetch_Site": "", "Origin": "null"},
        {"Sec_Fetch_Site": "", "Origin": "http://[broken"},
        {"Sec_Fetch_Site": ""},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout", "/teams/main/pipelines/p", "/teams/main/pipelines/p/jobs/run"])
def test_a_change_from_another_site_is_refused_with_a_page(
    site: Site, world: World, bob: str, path: str, headers: dict[str, str]
) -> None:
    world.set(PLAIN)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = site.post(path, f"action=trigger&{bob}", **headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert COOKIE not in answer.cookies
    assert world.builds() == []


def test_an_older_browser_is_known_by_the_origin(site: Site, world: World) -> None:
    world.set(PLAIN)
    headers = {"Sec-Fetch-Site": "", "Origin": "http://falconframework.org"}
    assert site.post("/teams/main/pipelines/p/jobs/run", "action=trigger", **headers).status_code == 303


def test_a_stranger_cannot_change_anything(site: Site, world: World) -> None:
    world.set(PLAIN)
    world.services.pipelines.publish(world.alice, "main", "p")
    site.log_out()
    answer = site.post("/teams/main/pipelines/p/jobs/run", "action=trigger")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/teams/main/pipelines/p/jobs/run")
    assert world.builds() == []


def test_a_password_of_somebody_else_must_be_changed_first(site: Site, world: World) -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    with world.store.transaction():
        user = world.store.accounts.create_user("carol", hashed, is_admin=False, must_change_password=True)
    site.log_in(Principal(user=user))
    assert site.get("/").headers["location"] == "/password"
    assert "Choose your own" in site.get("/password").text
    form = f"current={PASSWORD.replace(' ', '+')}&new=my+own+password&again="
    assert "was not repeated" in site.post("/password", form + "other").text
    wrong = site.post("/password", "current=guess&new=my+own+password&again=my+own+password")
    assert (wrong.status_code, "The current password is wrong." in wrong.text) == (400, True)
    done = site.post("/password", form + "my+own+password")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    site.cookies = {COOKIE: done.cookies[COOKIE].value}
    assert site.get("/").status_code == 200
