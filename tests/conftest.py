"""What every test has: a cooperative process, as the program itself has, and the real services."""

import gc
import os
import shlex
import signal
import sys

import gevent
from gevent import monkey

from pikoci.cooperative import make_cooperative


def _starts_workers() -> bool:
    """Tell whether this process only hands tests to xdist's workers; its threads must stay threads, or it hangs."""
    arguments = [*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *sys.argv[1:]]
    return "PYTEST_XDIST_WORKER" not in os.environ and any(
        argument.startswith(("-n", "--numprocesses", "--dist", "--tx")) for argument in arguments
    )


if not _starts_workers():
    gc.disable()  # until all tests are collected: imports and lists of tests are no garbage
    make_cooperative()  # before anything else is imported

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script. What tests start would ignore Ctrl-C, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:
    # xdist talks to its worker from a thread that gevent doesn't know; a hub with nothing to wait for would give up.
    _keep_hub_alive = gevent.get_hub().loop.timer(3600, 3600)
    _keep_hub_alive.start(lambda: None)

from collections.abc import Generator  # noqa: E402 - imported after the patch
from fnmatch import fnmatch  # noqa: E402 - as above
from pathlib import Path  # noqa: E402 - as above
from types import ModuleType  # noqa: E402 - as above
from typing import Any, TypeVar  # noqa: E402 - as above

import pytest  # noqa: E402 - as above

from tests.services.requirement import is_required, module, program  # noqa: E402 - as above

SERVICES = ("sharing", "chromium", "containers", "image_registry", "kafka", "moto", "nats", "postgresql", "rabbitmq")
pytest_plugins = [f"tests.services.{name}" for name in SERVICES]

HERE = Path(__file__).parent
EXPECTED_SKIPS = HERE / "expected-skips.txt"
#: From those whose tests take longest to those whose tests are over at once.
TIERS = ("chaos", "attack", "acceptance", "browser", "integration", "contract", "unit")


@pytest.fixture(scope="session")
def git() -> str:
    """The path of the git program."""
    return program("git", "git")


@pytest.fixture(scope="session")
def pygohcl() -> ModuleType:
    """The real HCL parser, as an oracle."""
    return module("pygohcl")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to run tests in a process that isn't cooperative."""
    if not monkey.is_module_patched("socket") and config.getoption("dist", "no") == "no":
        raise pytest.UsageError("leave out -n to run the tests in one process")
    for plugin in config.pluginmanager.get_plugins():
        if hasattr(plugin, "torun"):
            _wait_natively(plugin.torun)


class _Look:
    """Stands for an event whose waiter looks again soon."""

    def wait(self) -> None:
        gevent.sleep(0.005)

    def set(self) -> None:
        """Nobody is woken."""

    def clear(self) -> None:
        """As above."""


def _wait_natively(queue: Any) -> None:
    """Let xdist's queue of tests do without gevent's locks.

    A thread that gevent doesn't know fills it: now and then, gevent does not wake a greenlet for whom another thread
    releases a lock, and the worker would wait for its next test for ever.
    """
    queue._lock = monkey.get_original("_thread", "RLock")()
    queue._has_items_event = _Look()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: then the processes end together, and none waits for the last test of another."""
    places = {HERE / name: number for number, name in enumerate(TIERS)}
    items.sort(key=lambda item: next((places[folder] for folder in item.path.parents if folder in places), len(places)))


def pytest_collection_finish() -> None:
    """Let collections look at what tests make, and at nothing that all of them need."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips where everything is required."""
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips where everything is required."""
    return _refuse_skip((yield))


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _refuse_skip(report: Report) -> Report:
    """Turn a skip that expected-skips.txt doesn't name into a failure."""
    if report.skipped and not hasattr(report, "wasxfail") and is_required("all") and not _is_expected(report.nodeid):
        report.outcome = "failed"
        report.longrepr = f"unexpected skip: {report.longrepr}\n{EXPECTED_SKIPS} names the skips that are expected"
    return report


def _is_expected(nodeid: str) -> bool:
    lines = EXPECTED_SKIPS.read_text(encoding="utf-8").splitlines()
    patterns = (line.split("#")[0].strip() for line in lines)
    return any(fnmatch(nodeid, pattern) for pattern in patterns if pattern)
