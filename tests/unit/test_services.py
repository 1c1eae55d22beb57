"""The services that tests lean on keep their own promises."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from tests.services.postgresql import Database, DatabaseMaker, PostgresqlServer

ROOT = Path(__file__).resolve().parents[2]


def test_each_test_gets_an_empty_database(postgresql: Database) -> None:
    postgresql.execute("CREATE TABLE t (id int)")


def test_each_test_gets_an_empty_database_again(postgresql: Database) -> None:
    postgresql.execute("CREATE TABLE t (id int)")


def test_a_database_can_be_cloned(postgresql_server: DatabaseMaker, postgresql: Database) -> None:
    postgresql.execute("CREATE TABLE t (id int)")
    with postgresql_server.fresh(template=postgresql) as clone:
        clone.execute("SELECT id FROM t")


def test_an_outage_keeps_the_data(private_postgresql: PostgresqlServer) -> None:
    private_postgresql.admin.execute("CREATE TABLE t (id int)")
    private_postgresql.stop()
    assert not private_postgresql.admin.accepts_logins()
    private_postgresql.start()
    private_postgresql.admin.execute("SELECT id FROM t")


def test_the_browser_shows_a_page(browser: WebDriver) -> None:
    browser.get("data:text/html,<title>hello</title>")
    assert browser.title == "hello"
