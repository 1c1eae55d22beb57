from selenium.webdriver.support.ui import Select

from tests.browser.visitor import Visitor


def test_the_form_of_a_job_is_filled_in_by_its_labels_corrected_and_sent(visitor: Visitor) -> None:
    visitor.log_in(visitor.job("asking"))
    visitor.wait(lambda: visitor.texts("a.button") == ["Trigger…"])
    visitor.find("a.button").click()
    visitor.wait(lambda: visitor.texts("h1") == ["Trigger asking"])
    place, count = (visitor.find(f"#{visitor.run(LABELLED, name)}") for name in ("place", "count"))
    assert (place.aria_role, place.accessible_name) == ("combobox", "place (required)")
    assert (count.aria_role, count.accessible_name, count.get_attribute("value")) == ("textbox", "count", "3")
    count.clear()
    count.send_keys("many")
    visitor.find(".inputs button").click()
    visitor.wait(lambda: visitor.texts("[role=alert]"))
    assert visitor.texts(".input .problem") == ["It must not be empty.", "It must be a number."]
    count = visitor.find(f"#{visitor.run(LABELLED, 'count')}")
    assert count.get_attribute("value") == "many"
    count.clear()
    count.send_keys("5")
    Select(visitor.find(f"#{visitor.run(LABELLED, 'place')}")).select_by_visible_text("production")
    visitor.find(".inputs button").click()
    visitor.wait(lambda: "/builds/" in visitor.browser.current_url)
    visitor.wait(lambda: "to production 5 times" in visitor.texts(".log div"))
    assert "Input place" in visitor.texts("dt")


#: The id of the field whose label begins so.
LABELLED = """
    const labels = [...document.querySelectorAll("label")];
    return labels.find((one) => one.textContent.trim().startsWith(arguments[0])).htmlFor
"""
