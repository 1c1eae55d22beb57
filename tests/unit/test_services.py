"""The services that tests lean on keep their own promises."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from tests.services.broker import Broker
from tests.services.kafka import KafkaServer
from tests.services.nats import NatsServer
from tests.services.postgresql import Database, DatabaseMaker, PostgresqlServer
from tests.services.rabbitmq import RabbitmqServer
from tests.services.requirement import VARIABLE, program
from tests.services.sharing import TestRun, shared

ROOT = Path(__file__).resolve().parents[2]

#: A service must be gone so soon after its owner, on a busy machine too.
DEADLINE_SECONDS = 60.0
STARTS = """
import sys, time
from pathlib import Path
from tests.services.process import ServiceProcess
folder = Path(sys.argv[1])
script = 'sleep 300 & setsid sleep 300 & echo $! > grandchild; exec sleep 300'
service = ServiceProcess(["sh", "-c", script], folder)
service.wait_until(lambda: (folder / "grandchild").exists() and (folder / "grandchild").read_text().strip())
print((folder / "grandchild").read_text(), flush=True)
"""
OWNER = f"""{STARTS}
while True:
    time.sleep(0.05)  # one long sleep is not ended by a signal that comes just before it
"""
STARTER = f"{STARTS}service.hand_over(Path(sys.argv[2]))\n"


def test_each_test_gets_an_empty_database(postgresql: Database) -> None:
    postgresql.execute("CREATE TABLE t (id int)")


def test_the_next_test_gets_another_one(postgresql: Database) -> None:
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", [NatsServer, RabbitmqServer, KafkaServer])
def test_a_broker_comes_back_where_it_was_and_leaves_nothing_behind(kind: type[Broker]) -> None:
    with kind() as broker:
        address = broker.address
        broker.stop()
        broker.start()
        broker.kill()
        broker.start()
        assert broker.address == address
    assert not broker.folder.exists()


def test_the_browser_shows_a_page(browser: WebDriver) -> None:
    browser.get("data:text/html,<title>hello</title>")
    assert browser.title == "hello"


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_of_a_service_outlives_its_owner(ending: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        grandchild = int(owner.stdout.readline())
        owner.send_signal(ending)
    _wait_for_end(folder, grandchild)


def test_a_service_of_the_run_outlives_who_started_it_and_ends_with_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    run = TestRun()
    try:
        done = subprocess.run(
            [sys.executable, "-c", STARTER, str(folder), str(run.file)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        grandchild = int(done.stdout)
        assert _is_alive(grandchild)
        assert folder.exists()
    finally:
        run.close()
    _wait_for_end(folder, grandchild)


class Service:
    """Remembers whom it was handed over to."""

    def __init__(self) -> None:
        self.runs: list[Path] = []

    def hand_over(self, run: Path) -> None:
        self.runs.append(run)


def test_one_process_starts_what_the_run_shares(tmp_path: Path) -> None:
    service, run = Service(), tmp_path / "run"
    addresses = iter(["first", "second"])

    def start() -> tuple[Service, str]:
        return service, next(addresses)

    assert [shared(run, "service", start) for _ in range(2)] == ["first", "first"]
    assert service.runs == [run]


def _wait_for_end(folder: Path, pid: int) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while folder.exists() or _is_alive(pid):
        assert time.monotonic() < deadline, "the service is still there"
        time.sleep(0.01)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_missing_program_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not on PATH"):
        program("postgresql", "no-such-program")


@pytest.mark.parametrize("required", ["all", "git,postgresql"])
def test_a_missing_program_fails_where_it_is_required(required: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, required)
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not on PATH"):
        program("postgresql", "no-such-program")
