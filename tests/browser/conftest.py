"""The program itself, as `pikoci server` starts it, and people in front of it."""

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
from selenium import webdriver

from tests.browser.visitor import NAME, PASSWORD, Visitor
from tests.services.process import ServiceProcess, answers, free_port

PIPELINE = Path(__file__).with_name("pages.hcl")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server with an embedded worker, in memory."""
    folder = Path(tempfile.mkdtemp(prefix="pikoci-browser-"))
    port = free_port()
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    flags = {
        "host": "127.0.0.1",
        "port": port,
        "concurrency": 4,
        "workdir": folder / "work",
        "users": f"{NAME}:{hashed}",
        "pipeline-name": "pages",
        "pipeline-config": PIPELINE,
    }
    command = [sys.executable, "-m", "pikoci", "server", *(f"--{flag}={value}" for flag, value in flags.items())]
    process = ServiceProcess(command, folder, ending=signal.SIGTERM.name)
    try:
        process.wait_until(lambda: answers(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def visitor(browser: webdriver.Remote, server: str) -> Iterator[Visitor]:
    """Somebody who is not logged in. The pages must not make the browser complain about their code."""
    visitor = Visitor(browser, server)
    yield visitor
    assert visitor.complaints() == []
