from pathlib import Path

import pytest

from tests.browser.visitor import Visitor


@pytest.fixture(autouse=True)
def _logged_in(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.wait(lambda: visitor.texts("h1") == ["Pipelines"])


def let_go(visitor: Visitor) -> None:
    """Give the gated job what it waits for, in the folder that it named in its log."""
    line = next(line for line in visitor.texts(".log div") if line.startswith("folder "))
    (Path(line.removeprefix("folder ")) / "go").touch()


def test_a_log_arrives_while_the_build_runs_and_its_end_without_a_reload(visitor: Visitor) -> None:
    visitor.trigger("gated")
    visitor.run("window.mark = 'same page'")
    visitor.wait(lambda: any(line.startswith("folder ") for line in visitor.texts(".log div")))
    visitor.wait(lambda: visitor.status() == "started")
    assert visitor.browser.title.startswith("started: main/pages/gated#")
    assert visitor.texts(".log div")[0] == "grün colour <b>"
    assert visitor.texts(".log .f2") == ["colour"]
    let_go(visitor)
    visitor.wait(lambda: visitor.status() == "succeeded")
    visitor.wait(lambda: visitor.texts(".step b") == ["first", "second"])
    visitor.wait(lambda: visitor.texts(".log div")[-2:] == ["gone on", "the end"])
    assert visitor.texts("button[value]") == ["Retry"]
    assert visitor.browser.title.startswith("succeeded: main/pages/gated#")
    assert visitor.run("return window.mark") == "same page"


def test_a_log_goes_on_where_it_was_after_the_connection_broke(visitor: Visitor) -> None:
    visitor.trigger("gated")
    visitor.wait(lambda: any(line.startswith("folder ") for line in visitor.texts(".log div")))
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    online = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    visitor.browser.execute_cdp_cmd("Network.enable", {})
    visitor.browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    let_go(visitor)
    visitor.wait(lambda: visitor.find("#offline").is_displayed())
    visitor.browser.execute_cdp_cmd("Network.emulateNetworkConditions", online)
    visitor.wait(lambda: visitor.status() == "succeeded")
    visitor.wait(lambda: visitor.texts(".log div")[-1] == "the end")
    lines = visitor.texts(".log div")
    assert len(lines) == len(set(lines)) == 4


def test_what_programs_print_is_shown_as_text(visitor: Visitor) -> None:
    visitor.trigger("greet")
    visitor.wait(lambda: visitor.status() == "succeeded")
    visitor.wait(lambda: len(visitor.texts(".log div")) == 3)
    expected = ["red <script>document.title = 1</script>", "bad � byte", "100%"]
    assert visitor.texts(".log div") == expected
    visitor.open(visitor.browser.current_url)
    assert visitor.texts(".log div") == expected
    assert visitor.texts(".log .b.f1") == ["red"]


def test_a_build_is_cancelled_and_retried(visitor: Visitor) -> None:
    visitor.trigger("endless")
    visitor.wait(lambda: visitor.texts(".log div") == ["waiting"])
    visitor.press("cancel")
    visitor.wait(lambda: visitor.status() == "cancelled")
    assert visitor.texts(".why") == ["cancelled by grace"]
    first = visitor.browser.current_url
    visitor.press("retry")
    visitor.wait(lambda: visitor.browser.current_url == f"{first}.1")
    visitor.wait(lambda: visitor.status() == "started")
    visitor.press("cancel")
    visitor.wait(lambda: visitor.status() == "cancelled")


def test_a_failed_build_says_why(visitor: Visitor) -> None:
    visitor.trigger("broken")
    visitor.wait(lambda: visitor.status() == "failed")
    visitor.wait(lambda: len(visitor.texts(".step")) == 2)
    assert visitor.texts(".why") == ['task "break": exit status 3']
    assert visitor.texts(".step .mark.bad") == ["exit 3"]
    assert "an earlier step did not succeed" in visitor.texts(".step")[1]


def test_a_long_log_is_followed_and_bounded(visitor: Visitor) -> None:
    visitor.trigger("flood")
    visitor.wait(lambda: visitor.status() == "succeeded")
    visitor.wait(lambda: visitor.texts(".log div")[-1] == "60000")
    assert len(visitor.texts(".log div")) == 10_000
    assert visitor.find("#cut").is_displayed()
    bottom = "return Math.abs(document.documentElement.scrollHeight - innerHeight - scrollY) < 50"
    visitor.wait(lambda: visitor.run(bottom))


def test_who_scrolls_up_stays_there(visitor: Visitor) -> None:
    visitor.browser.set_window_size(700, 300)
    visitor.trigger("gated")
    visitor.wait(lambda: any(line.startswith("folder ") for line in visitor.texts(".log div")))
    visitor.wait(lambda: visitor.run("return scrollY > 0"))
    visitor.run("scrollTo(0, 0)")
    visitor.wait(lambda: visitor.find("#follow").is_displayed())
    let_go(visitor)
    visitor.wait(lambda: visitor.texts(".log div")[-1] == "the end")
    assert visitor.run("return scrollY") == 0


def test_without_scripts_the_page_still_tells_all(visitor: Visitor) -> None:
    visitor.trigger("gated")
    visitor.wait(lambda: any(line.startswith("folder ") for line in visitor.texts(".log div")))
    let_go(visitor)
    visitor.wait(lambda: visitor.status() == "succeeded")
    visitor.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    visitor.open(visitor.browser.current_url)
    assert "the end" in visitor.find("#steps").text
    visitor.press("retry")
    visitor.wait(
        lambda: "/builds/" in visitor.browser.current_url and "." in visitor.browser.current_url.rpartition("/")[2]
    )


def test_a_build_is_approved_on_its_page_which_goes_on_by_itself(visitor: Visitor) -> None:
    visitor.trigger("approved")
    visitor.wait(lambda: visitor.status() == "waiting")
    assert visitor.texts(".why") == ["needs approval: release <b> has 0 of 1 approvals"]
    assert visitor.texts(".approval p b") == ["release <b>"]
    visitor.run("window.mark = 'same page'")
    visitor.press("reject")  # without a reason nothing is sent
    assert visitor.run("return document.activeElement.name") == "reason"
    assert visitor.run("return window.mark") == "same page"
    visitor.press("approve")
    visitor.wait(lambda: visitor.status() == "succeeded")
    assert visitor.texts(".log div") == ["gone"]
    visitor.wait(lambda: visitor.texts(".approval li")[0].startswith("grace approved"))
    assert visitor.texts(".approval form") == []


def test_a_build_is_rejected_with_a_reason_that_all_who_look_see_at_once(visitor: Visitor) -> None:
    visitor.trigger("approved")
    address = visitor.browser.current_url
    visitor.wait(lambda: visitor.status() == "waiting")
    visitor.run("window.mark = 'same page'")
    said = """
        const data = new URLSearchParams(new FormData(document.querySelector(".approval form")));
        data.set("action", "reject");
        data.set("reason", "not <i>today</i>");
        fetch(location, { method: "POST", body: data });
    """
    visitor.run(said)  # as another page of this person would
    visitor.wait(lambda: visitor.status() == "failed")
    assert visitor.texts(".why") == ["release <b> was rejected by grace: not <i>today</i>"]
    assert visitor.run("return window.mark") == "same page"
    visitor.open(address)
    visitor.press("retry")
    visitor.wait(lambda: visitor.browser.current_url == f"{address}.1")
    visitor.wait(lambda: visitor.status() == "waiting")
    visitor.find(".approval input[name=reason]").send_keys("no")
    visitor.press("reject")
    visitor.wait(lambda: visitor.status() == "failed")
    assert visitor.texts("#steps + span ~ p") == ["It ended before its first step."]
