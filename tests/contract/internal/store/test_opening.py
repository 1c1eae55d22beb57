"""Opening a store, or saying what is wrong with the settings."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import gevent
import pytest
from gevent.server import StreamServer
from msgspec.structs import replace

from pikoci.internal.domain.errors import InvalidError, UnavailableError
from pikoci.internal.store import StoreSettings, open_store


def sqlite(path: Path | str) -> StoreSettings:
    return StoreSettings(system="sqlite", name=str(path), busy_timeout=0.1)


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "a path is needed"), ("gone/x.db", "gone does not exist"), ("folder", "is a directory"), ("a\0b", "a path")],
)
def test_a_path_that_cannot_work_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidError, match=f"--db-name: .*{message}"):
        open_store(sqlite(name))


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n" * 100)
    for _ in range(2):
        with pytest.raises(InvalidError, match=r"--db-name: .*notes.txt is not a SQLite database"):
            open_store(sqlite(path))
    assert path.read_text() == "dear diary\n" * 100


def test_a_locked_file_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (a)")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UnavailableError, match=r"--db-name: another program keeps .*x.db locked"):
        open_store(sqlite(path))
    holder.close()
    open_store(sqlite(path)).close()


def test_a_second_process_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    code = (
        "from pikoci.cooperative import make_cooperative; make_cooperative()\n"
        "from pikoci.internal.store import *\n"
        f"store = open_store(StoreSettings(system='sqlite', name={str(tmp_path / 'x.db')!r}))\n"
        "store.migrate(); print('open', flush=True); input()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin
    assert child.stdout
    try:
        assert child.stdout.readline() == b"open\n"
        with pytest.raises(InvalidError, match=r"--db-name: another pikoci process is using .*x.db"):
            open_store(sqlite(tmp_path / "x.db"))
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    store = open_store(sqlite(tmp_path / "x.db"))
    assert store.pending_migrations() == []
    store.close()


def test_a_closed_port_is_unavailable(postgresql_settings: StoreSettings, free_tcp_port: int) -> None:
    with pytest.raises(UnavailableError, match=r"--db-host, --db-port.*cannot be reached") as caught:
        open_store(replace(postgresql_settings, port=free_tcp_port))
    assert postgresql_settings.password not in str(caught.value)


def test_an_unknown_host_is_named(postgresql_settings: StoreSettings) -> None:
    with pytest.raises(UnavailableError, match=r"--db-host: no-such-host\.invalid has no address"):
        open_store(replace(postgresql_settings, host="no-such-host.invalid"))


def test_a_server_that_says_nothing_is_given_up(postgresql_settings: StoreSettings) -> None:
    silent = StreamServer(("127.0.0.1", 0), lambda *_: gevent.sleep(60))
    silent.start()
    try:
        with pytest.raises(UnavailableError, match=r"did not answer within 0\.3 s"):
            open_store(replace(postgresql_settings, port=silent.server_port, connect_timeout=0.3))
    finally:
        silent.stop()


def test_wrong_logins_are_named_without_the_password(postgresql_settings: StoreSettings) -> None:
    wrong = {"password": "not-the-password", "user": "nobody-here", "name": "no_such_database"}
    flags = {"password": "--db-password", "user": "--db-user", "name": "--db-name"}
    for field, value in wrong.items():
        with pytest.raises(InvalidError) as caught:
            open_store(replace(postgresql_settings, **{field: value}))
        said = f"{caught.value.message} {caught.value.hint}"
        assert flags[field] in said
        assert "not-the-password" not in said
        assert postgresql_settings.password not in said


def test_settings_do_not_show_the_password() -> None:
    assert "s3cret" not in repr(StoreSettings(system="postgresql", password="s3cret"))


def test_localhost_is_tried_at_all_its_addresses(postgresql_settings: StoreSettings) -> None:
    store = open_store(replace(postgresql_settings, host="localhost"))
    store.check_health()
    store.close()
