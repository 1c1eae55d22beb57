"""The pages below a path, behind a reverse proxy that takes the path away or passes it on."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from pikoci.pkg.client import Client
from tests.browser.conftest import PIPELINE
from tests.browser.visitor import NAME, PASSWORD, Visitor
from tests.services.path_proxy import path_proxy
from tests.services.pikoci import PIKOCI, PikociServer
from tests.services.process import free_port


@pytest.fixture(params=["stripped", "passed on"])
def visitor(browser: webdriver.Remote, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    port = free_port()
    flags = [f"--external-url=http://127.0.0.1:{port}/ci", "--pipeline-name=pages", f"--pipeline-config={PIPELINE}"]
    server = PikociServer(tmp_path, flags)
    try:
        server.start()
        server.post("/users", {"name": NAME, "password": "a first password", "is_admin": True})
        with Client(server.url) as client:
            client.login(NAME, "a first password")
            client.change_password("a first password", PASSWORD)
        with path_proxy(port, server.port, "/ci", strips=request.param == "stripped") as address:
            visitor = Visitor(browser, address)
            yield visitor
            assert visitor.complaints() == []
            browser.delete_all_cookies()
    finally:
        server.stop()


def test_pages_below_a_path_work_as_at_the_top(visitor: Visitor, tmp_path: Path) -> None:
    visitor.open(visitor.server)
    assert visitor.browser.current_url == f"{visitor.server}/login?next=/"
    visitor.log_in(visitor.pipeline)
    visitor.wait(lambda: visitor.browser.current_url == visitor.pipeline)
    assert [cookie["path"] for cookie in visitor.browser.get_cookies()] == ["/ci"]
    assert visitor.run("return document.styleSheets.length") == 1
    visitor.find("a.brand").click()
    visitor.wait(lambda: visitor.texts("h1") == ["Pipelines"])
    visitor.trigger("greet")
    visitor.wait(lambda: visitor.status() == "succeeded")
    assert visitor.browser.current_url == f"{visitor.job('greet')}/builds/1"
    visitor.find("a[href$='/log']").click()
    visitor.wait(lambda: visitor.browser.current_url == f"{visitor.server}/api/v1{log_path()}")
    assert "pages" in listed_by_the_command_line(visitor, tmp_path)
    visitor.open(visitor.server)
    visitor.find(".account button").click()
    visitor.wait(lambda: visitor.browser.current_url == f"{visitor.server}/login")


def log_path() -> str:
    return "/teams/main/pipelines/pages/jobs/greet/builds/1/log"


def listed_by_the_command_line(visitor: Visitor, folder: Path) -> str:
    known = {**os.environ, "XDG_CONFIG_HOME": str(folder), "PIKOCI_URL": visitor.server}
    login = [PIKOCI, "client", "login", "--user", NAME]
    subprocess.run(login, input=f"{PASSWORD}\n", env=known, check=True, capture_output=True, text=True)
    listed = [PIKOCI, "client", "pipelines", "list"]
    return subprocess.run(listed, env=known, check=True, capture_output=True, text=True).stdout
