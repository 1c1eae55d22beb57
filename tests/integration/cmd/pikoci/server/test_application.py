"""The server's program between its first look at the database and its first request."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import pytest

from pikoci.internal.domain.errors import UnavailableError
from pikoci.server.application import Application
from pikoci.server.command import read_settings, server


def test_a_database_that_goes_away_after_the_start_ends_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    flags = ["--db-system=sqlite", f"--db-name={tmp_path / 'db'}", "--run-worker=false", "--pubsub-system=nats"]
    context = server.make_context("server", [*flags, "--nats-server-url=nats://127.0.0.1:1"])
    application = Application(read_settings(context.params))
    with closing(application), caplog.at_level(logging.INFO):

        def away() -> None:
            raise UnavailableError("the database is away")

        store = application._services.context.store
        monkeypatch.setattr(type(store), "transaction", lambda _: away())
        application.start()
    assert "Worker token for standalone workers token=" in caplog.text
