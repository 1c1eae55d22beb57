"""Where the program comes from, on a host of its own: an index, a git repository; what is kept of old versions."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest

from tests.fleet.fleet import Fleet
from tests.fleet.host import Host
from tests.fleet.roles import Roles, own_address
from tests.fleet.served import Served, make_repository
from tests.fleet.wheels import ROOT, build_wheel, originals, version_of, wheelhouse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

USER = "reader"
VERSIONS = "/opt/pikoci/versions"
RUN = "systemd-run --quiet --unit=runs {version}/bin/python -c 'import gevent; gevent.sleep(9e9)'"
WATCH = "systemd-run --quiet --unit=watch sh -c 'while ps -ww -e -o args; do sleep 0.1; done >/root/processes'"


class Sources(Roles):
    """A host that gets the program, and what it is offered: an index with a login, and a git repository."""

    def __init__(self, fleet: Fleet) -> None:
        """Boot the host and start to serve. Raises FleetError."""
        super().__init__(fleet, {"pikoci_install": "ci1"})
        self.machine = self.host("pikoci_install")
        self.secret = secrets.token_hex(12)
        self.password = f'"p@ss/{self.secret}: %41'
        packages, repositories = fleet.folder / "packages", fleet.folder / "repositories"
        for folder in (packages, repositories):
            folder.mkdir()
        for package in originals().iterdir():
            (packages / package.name).symlink_to(package)
        self.indexed = version_of(build_wheel(packages, ""))
        self.tagged = make_repository(repositories / "pikoci.git", ".post1", ".post2")
        address = own_address(fleet)
        self.index = Served(address, packages, f"{USER}:{self.password}")
        self.repository = Served(address, repositories)
        self.variables = {
            "pikoci_version": self.indexed,
            "pikoci_install_requirements": str(ROOT / "requirements" / "runtime.txt"),
            "pikoci_install_git_url": f"http://{self.repository.address}/files/pikoci.git",
            "pikoci_install_pip_environment": self.pip_environment(self.index.address),
        }

    def pip_environment(self, address: str, password: str = "") -> dict[str, str]:
        """Name an index to pip, with the login."""
        login = f"{USER}:{quote(password or self.password, safe='')}"
        return {"PIP_INDEX_URL": f"http://{login}@{address}/simple/", "PIP_TRUSTED_HOST": address}

    def tag(self, number: int) -> dict[str, str]:
        """Name the version that the repository's tag has."""
        version = self.tagged[number]
        return {"pikoci_install_source": "git", "pikoci_version": version, "pikoci_install_git_ref": f"v{version}"}

    def installed(self) -> dict[str, str]:
        """What is on the host: each version, and where the links point."""
        found = dict.fromkeys(self.machine.run(f"ls {VERSIONS}").split(), "")
        for link in ("current", "previous"):
            found[link] = self.machine.run(f"readlink /opt/pikoci/{link} || true").strip().removeprefix("versions/")
        return found


@pytest.fixture(scope="module")
def sources(able: None) -> Iterator[Sources]:
    with Fleet() as fleet:
        made = Sources(fleet)
        with made.index, made.repository:
            yield made


@pytest.fixture(scope="module")
def installed(sources: Sources) -> Sources:
    """The program from the index, without a word of the login anywhere."""
    _play_in_secret(sources)
    return sources


def test_an_index_gives_the_version_and_a_second_run_changes_nothing(installed: Sources) -> None:
    assert installed.installed() == {installed.indexed: "", "current": installed.indexed, "previous": ""}
    assert installed.indexed in installed.machine.run("/opt/pikoci/current/bin/pikoci --version")

    assert installed.play().changed() == {}


def test_a_repository_gives_the_version_of_a_tag(installed: Sources) -> None:
    _play_in_secret(installed, **installed.tag(0))

    assert installed.installed()["current"] == installed.tagged[0]
    assert installed.tagged[0] in installed.machine.run("/opt/pikoci/current/bin/pikoci --version")
    assert installed.play(**installed.tag(0)).changed() == {}


REFUSALS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown version": ({"pikoci_version": "9.9"}, ["pikoci==9.9", "No matching distribution"]),
    "unreachable index": ({"index": "127.0.0.1:1"}, ["Connection refused", "pikoci_install_pip_environment"]),
    "wrong login": ({"password": "another"}, ["its login in pikoci_install_pip_environment"]),
    "unknown tag": ({"pikoci_version": "9.9", "tag": 1, "pikoci_install_git_ref": "v9.9"}, ["'v9.9' did not match"]),
    "another version at the tag": ({"tag": 1, "pikoci_version": "9.9"}, ["set pikoci_version to"]),
}


@pytest.mark.parametrize("bad", REFUSALS)
def test_what_cannot_be_had_is_one_error_and_leaves_all_as_it_was(installed: Sources, bad: str) -> None:
    given, sentence = REFUSALS[bad]
    changes = {"pikoci_version": "9.9", "pikoci_install_requirements": "", **given}
    address = changes.pop("index", installed.index.address)
    changes["pikoci_install_pip_environment"] = installed.pip_environment(address, changes.pop("password", ""))
    if "tag" in changes:
        changes = {**installed.tag(changes.pop("tag")), **changes}
    before = installed.installed()

    played = installed.attempt(**changes)

    said = " ".join(played.output.split())
    assert played.recap["ci1"]["failed"] == 1
    assert [part for part in sentence if part not in said] == [], played.output[-4000:]
    assert said.count("fatal: [") == 1
    assert installed.secret not in said
    assert installed.installed() == before


def test_old_versions_go_but_not_those_that_are_linked_or_run(installed: Sources) -> None:
    machine, running, (previous, newest) = installed.machine, installed.indexed, installed.tagged
    installed.play(**installed.tag(0))
    for old in ("0.0.1", "0.0.2"):
        machine.run(f"cp -a {VERSIONS}/{previous} {VERSIONS}/{old}")
    machine.run(RUN.format(version=f"{VERSIONS}/{running}"))
    machine.wait_for(lambda: machine.succeeds(f"grep -q {VERSIONS}/{running} /proc/*/maps"), "the program to run")
    for number, old in enumerate(("0.0.1", running, previous, "0.0.2")):
        machine.run(f"touch -d 2020-01-0{number + 1} {VERSIONS}/{old}")

    installed.play(
        **installed.tag(1),
        pikoci_install_keep=2,
        pikoci_install_wheelhouse=str(wheelhouse()),
        pikoci_install_pip_environment={},
        pikoci_install_requirements="",
    )

    kept = {running: "", previous: "", newest: "", "0.0.2": ""}
    assert installed.installed() == {**kept, "current": newest, "previous": previous}
    assert not machine.succeeds("ls /opt/pikoci/wheels")


def _play_in_secret(sources: Sources, **changes: Any) -> None:
    """Play, and find no login in the output, in the list of processes, or in a file that others can read."""
    with _watched(sources.machine) as processes:
        said = sources.play("-vvv", "--diff", **changes).output
    assert sources.secret not in said
    assert [line for line in processes if "-m pip install" in line]
    assert not [line for line in processes if sources.secret in line]
    assert sources.machine.exposed([sources.secret]) == []


@contextmanager
def _watched(host: Host) -> Iterator[set[str]]:
    """Collect the command lines of all processes that run on the host meanwhile."""
    seen: set[str] = set()
    host.run(WATCH)
    try:
        yield seen
    finally:
        host.run("systemctl stop watch")
    seen |= set(host.run("sort --unique /root/processes").splitlines())
