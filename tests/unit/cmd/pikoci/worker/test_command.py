"""`pikoci worker` before it talks to anybody: what it refuses, and who it is."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
from itertools import pairwise
from pathlib import Path

import pytest
from gevent.threadpool import ThreadPool

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.wire import is_earlier_start
from pikoci.internal.worker.home import place_of
from pikoci.shared.service_manager import ServiceManager
from pikoci.worker.command import check_settings, worker
from pikoci.worker.identity import begin_start
from tests.unit.cmd.pikoci.conftest import Invoke

ENVIRONMENT = {"WORKER_TOKEN": "token", "PUBSUB_SYSTEM": "nats"}


def test_the_defaults_are_those_of_the_documentation() -> None:
    values = worker.make_context("worker", []).params
    assert values["pikoci_url"] == "localhost:8080"
    assert values["pubsub_system"] == "mem"
    assert values["queues"] == ("jobs", "checks")
    assert values["concurrency"] == 1
    assert values["drain_timeout"] == 600.0
    assert values["log_level"] == "info"


def test_flags_have_their_aliases(tmp_path: Path) -> None:
    file = tmp_path / "worker.yaml"
    file.write_text("concurrency: 4\nworker-token: abc\ntags: gpu,vpn\n")
    values = worker.make_context("worker", ["-u", "http://server:8080", "-c", str(file)]).params
    assert (values["pikoci_url"], values["concurrency"], values["worker_token"]) == ("http://server:8080", 4, "abc")
    assert values["tags"] == ("gpu", "vpn")


def test_the_variables_have_the_names_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"PIKOCI_URL": "http://server:8080", "PUBSUB_SYSTEM": "nats", "WORKER_TOKEN": "eyJhbG", "CONCURRENCY": "4"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    values = worker.make_context("worker", []).params
    assert [str(values[name.lower()]) for name in given] == list(given.values())
    check_settings(values)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pubsub-system=mem"], "one process only"),
        (["--worker-token="], "--worker-token (WORKER_TOKEN) is missing"),
        (["--exclusive-tags"], "--exclusive-tags is for a worker with --tags"),
        (["--tags=GPU"], "'GPU' is not a valid tag"),
        (["--tags=a,b,c,d,e,f,g"], "at most 6 tags"),
        (["--queues="], "--queues names no queue"),
        (["--name=a b"], "is not a valid name for a worker"),
        (["--pikoci-url=http://me:pass@host"], "--pikoci-url is not a server address"),
        (["--nats-server-url=http://nats"], "NATS_SERVER_URL"),
        (["--queue-prefix=a b"], "QUEUE_PREFIX"),
    ],
)
def test_what_cannot_work_is_told_in_one_sentence(
    invoke: Invoke, tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = invoke("worker", f"--workdir={tmp_path / 'w'}", *arguments, env=ENVIRONMENT)
    assert result.status == 1, result.err
    assert said in result.err
    assert "Traceback" not in result.err


def test_a_queue_that_is_none_is_a_wrong_command_line(invoke: Invoke) -> None:
    result = invoke("worker", "--queues=jobs,chekcs", env=ENVIRONMENT)
    assert result.status == 2
    assert "'chekcs' is not one of jobs, checks" in result.err


def test_a_worker_keeps_its_name_and_its_key_and_counts_its_starts(tmp_path: Path) -> None:
    first, second = (begin_start(tmp_path / "work") for _ in range(2))
    assert (second.name, second.key) == (first.name, first.key)
    assert (first.starts, second.starts) == (1, 2)
    assert first.name.startswith(socket.gethostname()[:10].split(".")[0][:3]) or first.name.startswith("worker")
    assert stat.S_IMODE((tmp_path / "work" / "identity.json").stat().st_mode) == 0o600
    assert list((tmp_path / "work").iterdir()) == [tmp_path / "work" / "identity.json"]
    assert begin_start(tmp_path / "other").key != first.key


def test_each_start_is_an_instance_of_its_own_later_than_those_before(tmp_path: Path) -> None:
    starts = [begin_start(tmp_path) for _ in range(11)]
    assert all(is_earlier_start(one.instance, other.instance) for one, other in pairwise(starts))
    assert {start.instance.partition(".")[0] for start in starts} == {starts[0].key}


def test_the_same_start_of_a_copy_is_another_instance(tmp_path: Path) -> None:
    begin_start(tmp_path / "machine")
    shutil.copytree(tmp_path / "machine", tmp_path / "clone")
    one, other = (begin_start(tmp_path / name) for name in ("machine", "clone"))
    assert (one.key, one.starts) == (other.key, other.starts)
    assert one.instance != other.instance
    assert place_of(tmp_path / "machine") != place_of(tmp_path / "clone")
    assert place_of(tmp_path / "machine") == place_of(tmp_path / "machine")
    assert one.nonce not in (tmp_path / "machine" / "identity.json").read_text()


def test_starts_at_the_same_moment_are_told_apart(tmp_path: Path) -> None:
    pool = ThreadPool(8)
    starts = pool.map(lambda _: begin_start(tmp_path), range(40))
    pool.kill()
    assert {start.starts for start in starts} == set(range(1, 41))
    assert len({start.key for start in starts}) == 1


def test_the_identity_of_an_older_release_begins_to_count(tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_text('{"name":"w","key":"k"}')
    started = begin_start(tmp_path)
    assert (started.name, started.key, started.starts) == ("w", "k", 1)


def test_a_given_name_wins(tmp_path: Path) -> None:
    kept = begin_start(tmp_path)
    named = begin_start(tmp_path, "named")
    assert (named.name, named.key, named.starts) == ("named", kept.key, 2)
    assert begin_start(tmp_path).name == kept.name


@pytest.mark.parametrize("text", ["", "{}", json.dumps({"name": "a b", "key": "k"}), "\0"])
def test_an_identity_that_cannot_be_read_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "identity.json").write_text(text)
    with pytest.raises(InvalidError):
        begin_start(tmp_path)


def test_the_service_manager_hears_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        manager = ServiceManager()
        assert "NOTIFY_SOCKET" not in os.environ  # commands of builds must not speak for the worker
        manager.tell("READY=1", "STATUS=well")
        assert channel.recv(1000) == b"READY=1\nSTATUS=well"


def test_no_service_manager_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    for _ in ("a manager that is gone", "none at all"):
        ServiceManager().tell("READY=1")
