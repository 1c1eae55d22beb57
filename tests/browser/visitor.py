"""What people do with the pages, and how long they wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

NAME = "grace"
PASSWORD = "a good password"
PATIENCE = 20.0


class Visitor:
    """A person with a browser."""

    def __init__(self, browser: webdriver.Remote, server: str) -> None:
        self.browser = browser
        self.server = server
        self.pipeline = f"{server}/teams/main/pipelines/pages"

    def job(self, name: str) -> str:
        return f"{self.pipeline}/jobs/{name}"

    def open(self, address: str) -> None:
        self.browser.get(address)

    def log_in(self, address: str | None = None, password: str = PASSWORD) -> None:
        """Open a page, and log in on the way to it."""
        self.open(address or self.server)
        name = self.find("input[name=name]")
        name.clear()
        name.send_keys(NAME)
        self.find("input[name=password]").send_keys(password + Keys.ENTER)

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """What the elements say now, also where they are scrolled out of sight."""
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())"
        found: list[str] = self.run(script, selector)
        return found

    def run(self, script: str, *arguments: object) -> Any:
        return self.browser.execute_script(script, *arguments)

    def press(self, value: str) -> None:
        """Press the button of an action."""
        self.find(f"button[value={value}]").click()

    def trigger(self, job: str) -> None:
        """Trigger a job on its page, and see the new build's page."""
        self.open(self.job(job))
        self.press("trigger")
        self.wait(lambda: "/builds/" in self.browser.current_url)

    def status(self) -> str:
        return self.find("h1 .status").text

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait until something is so. Raises TimeoutException."""
        waiting = WebDriverWait(
            self.browser, PATIENCE, 0.05, ignored_exceptions=(NoSuchElementException, StaleElementReferenceException)
        )
        waiting.until(lambda _: condition())

    def complaints(self) -> list[str]:
        """What the browser's console says, but for answers that are errors on purpose."""
        log = self.browser.execute(Command.GET_LOG, {"type": "browser"})["value"]
        return [str(entry["message"]) for entry in log if entry["source"] != "network"]
