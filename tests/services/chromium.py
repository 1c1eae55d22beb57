"""Debian's Chromium, driven by its own chromedriver."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.remote.command import Command

from tests.services.process import ServiceProcess, answers, free_port
from tests.services.requirement import program

WINDOW = (1280, 900)


@pytest.fixture(scope="session")
def chromedriver() -> Iterator[str]:
    """The address of this test process's chromedriver."""
    driver = program("chromium", "chromedriver")
    program("chromium", "chromium")
    folder = Path(tempfile.mkdtemp(prefix="pikoci-chromium-"))
    port = free_port()
    # Profiles and sockets of the browsers land in TMPDIR, so that they go with the folder.
    process = ServiceProcess(["env", f"TMPDIR={folder}", driver, f"--port={port}"], folder)
    try:
        process.wait_until(lambda: answers(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium(chromedriver: str) -> Iterator[webdriver.Remote]:
    """The headless browser of this test process: its start takes longer than most tests."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.enable_bidi = True
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = webdriver.Remote(chromedriver, options=options)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(chromium: webdriver.Remote) -> Iterator[webdriver.Remote]:
    """A browser with an empty profile, for this test alone: a window of its own, which shares nothing with others."""
    first = chromium.current_window_handle
    profile = chromium.browser.create_user_context()
    chromium.switch_to.window(chromium.browsing_context.create("window", user_context=profile))
    chromium.set_window_size(*WINDOW)
    chromium.execute(Command.GET_LOG, {"type": "browser"})  # of the test before, if that failed
    try:
        yield chromium
    finally:
        chromium.switch_to.window(first)
        chromium.browser.remove_user_context(profile)
