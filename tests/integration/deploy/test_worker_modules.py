"""`pikoci_worker_drain`, `pikoci_worker_info` and the inventory `pikoci_workers` against a real server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from subprocess import CompletedProcess

import gevent
import pytest

from pikoci import __version__
from tests.integration.deploy.conftest import Run
from tests.services.pikoci import PASSWORD, USER, PikociServer, running_server
from tests.unit.deploy.collection import run as run_program

DRAIN, INFO = "pikoci_worker_drain", "pikoci_worker_info"


def embedded_worker(server: PikociServer) -> str:
    """Its name, once it has registered."""
    items = server.wait_for(lambda: server.get("/workers")["items"], "the embedded worker")
    return str(items[0]["name"])


@pytest.fixture
def worker(server: PikociServer) -> str:
    """The embedded worker's name."""
    return embedded_worker(server)


def test_cordon_waits_until_nothing_runs_and_is_undone(run: Run, worker: str, busy: Path) -> None:
    late = run(DRAIN, name=[worker], state="cordoned", timeout=1)
    assert (late["failed"], late["timed_out"]) == (True, True)
    assert re.search(
        rf"{re.escape(f'{worker} (version {__version__})')} is cordoned and runs main/[\w-]+/wait#", late["msg"]
    )
    gevent.spawn_later(0.5, busy.touch)
    idle = run(DRAIN, name=[worker], state="cordoned", timeout=20)
    assert not idle["changed"]
    assert (idle["workers"][0]["state"], idle["workers"][0]["builds"]) == ("cordoned", [])
    assert run(DRAIN, check=True, name=[worker], state="uncordoned")["changed"]
    assert run(INFO, name=[worker])["workers"][0]["wanted"] == "cordoned"
    undone = run(DRAIN, name=[worker], state="uncordoned")
    assert undone["changed"]
    assert undone["diff"] == {"before": f"{worker}: cordoned\n", "after": f"{worker}: uncordoned\n"}
    assert not run(DRAIN, name=[worker], state="uncordoned")["changed"]


def test_check_mode_asks_nothing_of_a_worker(run: Run, worker: str) -> None:
    assert run(DRAIN, check=True, name=[worker])["changed"]
    assert run(INFO, name=[worker])["workers"][0]["wanted"] == ""


def test_a_drained_worker_ends(run: Run, tmp_path: Path) -> None:
    with running_server(tmp_path, ["--heartbeat-interval=200ms", "--lease=2s"]) as own:
        name = embedded_worker(own)
        drained = run(DRAIN, url=own.url, name=name, timeout=20)
        assert drained["changed"]
        assert drained["workers"][0]["state"] in {"draining", "ended"}  # it has nothing to wait for
        assert not run(DRAIN, url=own.url, name=name, timeout=20)["changed"]
        missing = run(INFO, url=own.url, name=name, wait=True, timeout=1)
        assert "not connected after 1 s" in missing["msg"]


def test_an_unknown_worker_is_an_error_that_names_the_known(run: Run, worker: str) -> None:
    assert run(DRAIN, name=["nobody"])["msg"] == f"there is no worker nobody; the server knows: {worker}"
    assert run(DRAIN, name=["nobody"], ignore_missing=True)["workers"] == []
    assert run(INFO, name=["nobody"])["workers"] == []


def test_waiting_for_a_worker_and_its_version(run: Run, worker: str) -> None:
    well = run(INFO, name=[worker], wait=True, version=__version__)
    assert (well["changed"], well["workers"][0]["name"]) == (False, worker)
    other = run(INFO, name=[worker, "nobody"], wait=True, version="99.0", timeout=1)
    assert other["msg"].startswith(f"not connected with version 99.0 after 1 s: {worker} (version {__version__}) is ")
    assert "nobody (version unknown) is gone" in other["msg"]


def test_waiting_outlives_a_server_that_is_away(run: Run, worker: str, server: PikociServer) -> None:
    token = server.http.headers["authorization"].removeprefix("Bearer ")
    server.kill()
    gevent.spawn_later(1, server.start)
    assert run(INFO, name=[worker], token=token, wait=True, timeout=60)["workers"][0]["state"] == "running"


def listed(server: PikociServer, tmp_path: Path, variables: dict[str, str]) -> CompletedProcess[str]:
    source = tmp_path / "farm.pikoci_workers.yml"
    source.write_text(
        f"plugin: pikoci.fleet.pikoci_workers\nurl: {server.url}\n"
        "compose: {ansible_host: pikoci_name | upper}\ngroups: {new: pikoci_version != '0'}\n"
    )
    return run_program("ansible-inventory", "-i", source, "--list", home=tmp_path, variables=variables)


def test_the_inventory_lists_connected_workers(server: PikociServer, worker: str, tmp_path: Path) -> None:
    done = listed(server, tmp_path, {"PIKOCI_USER": USER, "PIKOCI_PASSWORD": PASSWORD})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout, object_hook=lambda value: value.get("__ansible_unsafe", value))
    variables = found["_meta"]["hostvars"][worker]
    assert variables["ansible_host"] == worker.upper()
    assert (variables["pikoci_version"], variables["pikoci_builds"]) == (__version__, 0)
    groups = {name for name, group in found.items() if worker in group.get("hosts", [])}
    assert groups == {"pikoci_state_running", "pikoci_queue_jobs", "pikoci_queue_checks", "new"}


def test_an_inventory_without_a_login_says_so(server: PikociServer, tmp_path: Path) -> None:
    done = listed(server, tmp_path, {})
    assert "give `user` and `password`, or `token`" in done.stderr
