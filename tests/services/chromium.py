"""Debian's Chromium, driven by its own chromedriver."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from tests.services.process import ServiceProcess, answers, free_port
from tests.services.requirement import program

WINDOW = "1280,900"


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


@pytest.fixture
def browser(chromedriver: str) -> Iterator[webdriver.Remote]:
    """A headless browser with an empty profile, for this test alone."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--window-size={WINDOW}"):
        options.add_argument(argument)
    driver = webdriver.Remote(chromedriver, options=options)
    try:
        yield driver
    finally:
        driver.quit()
