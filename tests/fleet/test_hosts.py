"""The hosts themselves: they are machines, and go without a trace."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet.fleet import Fleet, remove_leftovers
from tests.fleet.host import Host
from tests.fleet.machine import call

pytestmark = [pytest.mark.slow, pytest.mark.short, pytest.mark.timeout(900)]

KILLED = """\
import os, signal
from tests.fleet.fleet import Fleet
fleet = Fleet()
fleet.add("lost1", "lost2")
print(fleet.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def hosts(fleet: Fleet) -> list[Host]:
    return fleet.add("alpha", "beta")


def test_a_host_is_a_machine_that_others_reach_by_name(hosts: list[Host]) -> None:
    alpha, beta = hosts

    assert alpha.run("cat /proc/1/comm; hostname") == "systemd\nalpha\n"
    assert alpha.run("systemctl --failed --no-legend") == ""
    assert alpha.run("getent hosts beta").split() == [beta.address, "beta"]
    assert alpha.succeeds("timeout 5 bash -c '</dev/tcp/beta/22'")


def test_packages_are_installed_without_any_network(hosts: list[Host]) -> None:
    alpha, _ = hosts

    assert alpha.run("ip route show default") == ""
    alpha.run("apt-get update -qq && apt-get install -qq --yes nats-server", timeout=120)
    assert alpha.unit("nats-server", "ActiveState") == {"ActiveState": "active"}


def test_a_host_comes_back_after_a_reboot_and_a_crash(hosts: list[Host]) -> None:
    alpha, _ = hosts
    alpha.run("touch /root/kept /run/gone; systemd-run --quiet --wait --unit=speaker echo spoken")

    alpha.reboot()
    assert alpha.succeeds("test -e /root/kept -a ! -e /run/gone")

    alpha.crash()
    assert not alpha.is_up
    assert "echo[" in alpha.journal("speaker")
    alpha.boot()
    assert alpha.succeeds("test -e /root/kept")


def test_a_host_that_is_cut_off_goes_on_alone(hosts: list[Host]) -> None:
    alpha, beta = hosts

    alpha.cut()
    assert not beta.succeeds("timeout 2 bash -c '</dev/tcp/alpha/22'")
    assert alpha.inside("hostname") == "alpha\n"

    alpha.rejoin()
    alpha.wait_for(lambda: alpha.succeeds("true"), "the network to be back")


def test_a_killed_run_leaves_nothing_after_the_next_start(able: None) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder = Path(killed.stdout.strip())

    remove_leftovers()

    assert _traces(folder) == []


def test_leaving_the_block_leaves_nothing(able: None) -> None:
    with Fleet() as fleet:
        fleet.add("gamma", "delta")
        fleet.destroy("gamma")
        folder = fleet.folder

    assert _traces(folder) == []


def _traces(folder: Path) -> list[str]:
    """Everything on this machine that has the run's name in it."""
    run = folder.name
    found = [str(folder)] if folder.exists() else []
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/pikoci-fleet-{run}-*")]
    found += [str(path) for path in Path("/run").glob(f"*/**/pf-{run}*")]
    found += [link["ifname"] for link in json.loads(call(["ip", "-j", "link"])) if run in link["ifname"]]
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return found + [command.decode(errors="replace") for command in commands if f"pf-{run}".encode() in command]
