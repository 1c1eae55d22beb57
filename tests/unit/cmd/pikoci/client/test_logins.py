from __future__ import annotations

import stat
from pathlib import Path

import gevent
import pytest

from pikoci.client.logins import Login, LoginStore, config_directory
from pikoci.internal.domain.errors import InvalidError

A, B = "http://a:8080", "https://b"


@pytest.fixture
def store(tmp_path: Path) -> LoginStore:
    return LoginStore(tmp_path / "config" / "pikoci")


def test_there_are_no_logins_before_the_first(store: LoginStore) -> None:
    assert store.load().servers == {}
    assert store.forget(A) is False
    assert not store.path.parent.exists()


def test_the_last_login_is_the_current_one_and_others_are_kept(store: LoginStore) -> None:
    store.keep(A, Login("alice", "token-a"))
    store.keep(B, Login("bob", "token-b"))
    known = store.load()
    assert known.current == B
    assert known.servers == {A: Login("alice", "token-a"), B: Login("bob", "token-b")}


def test_a_forgotten_login_is_gone_from_the_file(store: LoginStore) -> None:
    store.keep(A, Login("alice", "token-a"))
    store.keep(B, Login("bob", "token-b"))
    assert store.forget(B) is True
    assert store.load().current == ""
    assert "token-b" not in store.path.read_text()
    assert "token-a" in store.path.read_text()


def test_only_the_owner_can_read_it_whatever_the_umask_and_the_old_mode(store: LoginStore) -> None:
    store.keep(A, Login("alice", "token-a"))
    store.path.chmod(0o644)
    store.keep(B, Login("bob", "token-b"))
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in store.path.parent.iterdir()] == ["client.json"]


def test_a_damaged_file_is_named_with_a_way_out(store: LoginStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_text('{"servers": []')
    with pytest.raises(InvalidError, match=r"client\.json is damaged") as caught:
        store.load()
    assert "delete it" in caught.value.hint


def test_a_directory_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidError, match=r"cannot (read|write) .*Not a directory"):
        LoginStore(tmp_path / "file" / "pikoci").keep(A, Login("alice", "token-a"))


def test_logins_that_come_together_are_all_kept(store: LoginStore) -> None:
    pool = gevent.get_hub().threadpool
    waiting = [
        pool.spawn(LoginStore(store.path.parent).keep, f"http://s{number}", Login("alice", "token"))
        for number in range(20)
    ]
    for one in waiting:
        one.get()
    assert len(store.load().servers) == 20


def test_the_directory_follows_the_environment() -> None:
    assert config_directory({"XDG_CONFIG_HOME": "/x", "HOME": "/home/me"}) == Path("/x/pikoci")
    assert config_directory({"XDG_CONFIG_HOME": "relative", "HOME": "/home/me"}) == Path("/home/me/.config/pikoci")
    assert config_directory({"HOME": "/home/me"}) == Path("/home/me/.config/pikoci")
