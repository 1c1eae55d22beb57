"""Keys of the database's values at a server's start: missing, wrong, replaced, lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from pikoci.internal.domain.accounts import SYSTEM
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.service import Services
from pikoci.internal.store import open_store
from pikoci.server.application import Application, _store_settings
from pikoci.server.command import read_settings, server
from pikoci.server.encryption import prepare_encryption
from pikoci.server.settings import ServerSettings

OLD, NEW = "an-old-key-" * 3, "a-new-key-" * 4
CONFIG = 'variable "given" {}\njob "j" {\n  task "t" {\n    run "shell" {\n      cmd = "true"\n    }\n  }\n}\n'


class Place:
    """A database that servers are started on, one after another."""

    def __init__(self, folder: Path) -> None:
        flags = ["--db-system=sqlite", f"--db-name={folder / 'db'}", "--run-worker=false", "--pubsub-system=nats"]
        self._flags = [*flags, "--nats-server-url=nats://127.0.0.1:1"]

    def settings(self, *keys: str, lost: bool = False) -> ServerSettings:
        flags = [*self._flags, f"--secret-key={','.join(keys)}", f"--secret-key-lost={lost}"]
        return read_settings(server.make_context("server", flags).params)

    @contextmanager
    def started(self, *keys: str, lost: bool = False) -> Iterator[Services]:
        application = Application(self.settings(*keys, lost=lost))
        try:
            yield application._services
        finally:
            application._resources.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Place(tmp_path)


def fill(services: Services) -> None:
    services.pipelines.set(SYSTEM, "main", "app", CONFIG, {"given": "hunter22"})
    services.secrets.set(SYSTEM, "main", "", "TOKEN", "hunter22")


def jobs(services: Services) -> list[str]:
    return [one.job.name for one in services.pipelines.get(SYSTEM, "main", "app").jobs]


@pytest.mark.parametrize("keys", [(), (NEW,)], ids=["none", "another"])
def test_a_server_without_the_right_key_does_not_start(place: Place, keys: tuple[str, ...]) -> None:
    with place.started(OLD) as services:
        fill(services)
    opens = "none of the keys opens" if keys else "no key opens"
    message = f"--secret-key: the database has values that {opens}"
    settings = place.settings(*keys)
    with closing(open_store(_store_settings(settings))) as store, pytest.raises(InvalidError, match=message) as caught:
        prepare_encryption(store, settings)
    assert "--secret-key-lost" in caught.value.hint


def test_a_new_key_takes_over_at_the_start(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.started(OLD) as services:
        fill(services)
    with caplog.at_level(logging.INFO), place.started(NEW, OLD):
        assert "encrypted 5 values with the first --secret-key" in caplog.text
    with place.started(NEW) as services:
        assert jobs(services) == ["j"]
        assert services.pipelines.source(SYSTEM, "main", "app") == CONFIG


def test_what_was_kept_in_plain_text_is_encrypted_at_the_start(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), place.started() as services:
        services.pipelines.set(SYSTEM, "main", "app", CONFIG, {"given": "hunter22"})
        assert "nothing in the database is encrypted" in caplog.text
    assert b"hunter22" in (tmp_path / "db").read_bytes()
    with place.started(NEW):
        pass
    assert b"hunter22" not in b"".join(path.read_bytes() for path in tmp_path.glob("db*"))


def test_a_lost_key_costs_the_secrets_and_the_files_of_pipelines(place: Place) -> None:
    with place.started(OLD) as services:
        fill(services)
        build = services.builds.trigger(SYSTEM, "main", "app", "j")
        worker = services.tokens.worker_token()
    with place.started(NEW, lost=True) as services:
        assert services.secrets.list(SYSTEM, "main") == []
        assert jobs(services) == []
        assert "was lost: set it anew" in services.pipelines.source(SYSTEM, "main", "app")
        with pytest.raises(Exception, match="not valid"):
            services.tokens.read_worker(worker)
        services.scheduling.schedule_jobs()
        services.scheduling.sweep()
    with place.started(NEW) as services:
        fill(services)
        assert jobs(services) == ["j"]
        assert services.builds.find(SYSTEM, "main", "app", "j", build.name).id == build.id


def test_a_pipeline_whose_file_does_not_open_can_be_set_anew(place: Place) -> None:
    with place.started(OLD) as services:
        fill(services)
        store = services.context.store
        session = getattr(store, "_store").session  # noqa: B009 - what the protocol does not have
        with store.transaction():
            session.write("UPDATE pipeline_sources SET spec = variables")
        services.pipelines.set(SYSTEM, "main", "app", CONFIG, {"given": "other"})
        assert services.pipelines.source(SYSTEM, "main", "app") == CONFIG


@pytest.mark.parametrize("keys", ["too-short", f"{NEW},too-short"])
def test_a_key_that_can_be_guessed_is_refused(keys: str) -> None:
    context = server.make_context("server", [f"--secret-key={keys}"])
    with pytest.raises(InvalidError, match=r"--secret-key: .* has fewer than 32 bytes") as caught:
        read_settings(context.params)
    assert "too-short" not in caught.value.message + caught.value.hint


def test_a_database_in_memory_has_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    flags = ["--run-worker=false", "--pubsub-system=nats", "--nats-server-url=nats://127.0.0.1:1"]
    application = Application(read_settings(server.make_context("server", flags).params))
    try:
        application._services.secrets.set(SYSTEM, "main", "", "TOKEN", "hunter22")
    finally:
        application._resources.close()
