from selenium.webdriver.common.keys import Keys

from tests.browser.visitor import PASSWORD, Visitor


def test_somebody_logs_in_on_the_way_to_a_page_and_out_again(visitor: Visitor) -> None:
    visitor.log_in(visitor.pipeline, password="a guess")
    visitor.wait(lambda: visitor.texts("[role=alert]"))
    assert visitor.texts("[role=alert]") == ["The name or the password is wrong."]
    visitor.find("input[name=password]").send_keys(PASSWORD + Keys.ENTER)
    visitor.wait(lambda: visitor.browser.current_url == visitor.pipeline)
    assert visitor.browser.title == "pages · PikoCI"
    visitor.find(".account button").click()
    visitor.wait(lambda: visitor.browser.current_url.endswith("/login"))
    visitor.open(visitor.server)
    assert "/login?next=/" in visitor.browser.current_url


def test_scripts_cannot_read_the_session(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.wait(lambda: visitor.texts("h1") == ["Pipelines"])
    assert visitor.run("return document.cookie") == ""


def test_the_pages_can_be_used_with_the_keyboard_alone(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.wait(lambda: visitor.texts("h1") == ["Pipelines"])
    seen = []
    for _ in range(6):
        visitor.browser.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(visitor.run("return document.activeElement.textContent.trim()"))
    assert seen[:5] == ["Skip to the content", "PikoCI", "Audit log", "grace", "Log out"]
    assert "pages" in seen[5]
    visitor.browser.switch_to.active_element.send_keys(Keys.ENTER)
    visitor.wait(lambda: visitor.browser.current_url == visitor.pipeline)


def test_a_link_on_another_site_leads_to_the_page_without_another_login(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.wait(lambda: visitor.texts("h1") == ["Pipelines"])
    visitor.open(visitor.server.replace("127.0.0.1", "localhost"))
    visitor.wait(lambda: visitor.texts("h1") == ["Log in"])
    visitor.run("location.href = arguments[0]", visitor.pipeline)
    visitor.wait(lambda: visitor.texts("h1") == ["pages"])
    assert visitor.browser.current_url == visitor.pipeline
