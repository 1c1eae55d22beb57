import pytest

from tests.browser.visitor import Visitor


@pytest.fixture(autouse=True)
def _logged_in(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.wait(lambda: visitor.texts("h1") == ["Pipelines"])


def test_a_pipeline_is_found_from_the_list(visitor: Visitor) -> None:
    visitor.find("article h2 a").click()
    visitor.wait(lambda: visitor.browser.current_url == visitor.pipeline)
    assert visitor.texts("tbody th a") == ["greet", "asking", "gated", "approved", "endless", "flood", "broken"]
    assert "cron.tick" in visitor.find("[aria-labelledby=resources]").text


def test_a_build_appears_in_its_jobs_list_without_a_reload(visitor: Visitor) -> None:
    visitor.open(visitor.job("broken"))
    before = len(visitor.texts("tbody tr"))
    visitor.run("window.mark = 'same page'")
    first, known = visitor.browser.current_window_handle, set(visitor.browser.window_handles)
    visitor.run("window.open()")  # of this login, as a new window of the driver would not be
    visitor.wait(lambda: set(visitor.browser.window_handles) - known)
    visitor.browser.switch_to.window(next(iter(set(visitor.browser.window_handles) - known)))
    visitor.trigger("broken")
    visitor.browser.close()
    visitor.browser.switch_to.window(first)
    visitor.wait(lambda: len(visitor.texts("tbody tr")) == before + 1)
    visitor.wait(lambda: visitor.texts("tbody tr:first-child .status") == ["failed"])
    assert visitor.run("return window.mark") == "same page"


def test_the_focus_survives_the_refresh(visitor: Visitor) -> None:
    visitor.open(visitor.pipeline)
    visitor.run(
        "document.querySelector('button[aria-label=\"Trigger flood\"]').focus(); window.fetched = 0;"
        "const real = window.fetch; window.fetch = (...all) => real(...all).finally(() => window.fetched += 1);"
    )
    visitor.wait(lambda: visitor.run("return window.fetched") >= 2)
    assert visitor.run("return document.activeElement.ariaLabel") == "Trigger flood"


def test_a_pipeline_is_paused_and_unpaused(visitor: Visitor) -> None:
    visitor.open(visitor.pipeline)
    visitor.press("pause")
    visitor.wait(lambda: visitor.texts("h1 .mark") == ["paused"])
    visitor.press("unpause")
    visitor.wait(lambda: visitor.texts("h1 .mark") == [])


def test_a_check_is_asked_for_and_its_time_is_shown(visitor: Visitor) -> None:
    visitor.open(visitor.pipeline)
    visitor.wait(lambda: visitor.texts("[aria-labelledby=resources] td:nth-of-type(2) time"))
    before = visitor.find("[aria-labelledby=resources] td:nth-of-type(2) time").get_attribute("title")
    visitor.press("check")
    selector = "[aria-labelledby=resources] td:nth-of-type(2) time"
    visitor.wait(lambda: visitor.find(selector).get_attribute("title") != before)


@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_is_wider_than_the_window(visitor: Visitor, width: int) -> None:
    visitor.trigger("broken")
    visitor.wait(lambda: visitor.status() == "failed")
    pages = [visitor.browser.current_url, visitor.server, visitor.pipeline, visitor.job("broken")]
    pages += [f"{visitor.server}/password", f"{visitor.server}/account", f"{visitor.server}/nowhere"]
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    visitor.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for page in pages:
        visitor.open(page)
        assert visitor.run("return document.documentElement.scrollWidth <= innerWidth"), page


def test_the_page_says_when_the_server_does_not_answer(visitor: Visitor) -> None:
    visitor.open(visitor.pipeline)
    assert not visitor.find("#offline").is_displayed()
    visitor.run("window.real = window.fetch; window.fetch = () => Promise.reject(new TypeError('away'))")
    visitor.wait(lambda: visitor.find("#offline").is_displayed())
    visitor.run("window.fetch = window.real")
    visitor.wait(lambda: not visitor.find("#offline").is_displayed())
