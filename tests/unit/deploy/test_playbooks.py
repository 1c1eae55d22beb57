"""Playbooks, roles and plugins as Ansible itself reads them, in this folder and in an installed collection."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest
import yaml

from tests.unit.deploy.collection import COLLECTION, INVENTORIES, PLAYBOOKS, ROLES, run
from tests.unit.deploy.collection import plugin as load_plugin
from tests.unit.docs.markdown import all_blocks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MODULES = sorted(path.stem for path in (COLLECTION / "plugins" / "modules").glob("pikoci_*.py"))
FILTERS = sorted(
    {path.stem for path in (COLLECTION / "plugins" / "filter").glob("pikoci_*.yml")} | {"pikoci_worker_token"}
)
#: Every file of tasks in a role, by the role's name and what `tasks_from` calls it.
TASKS = [(role.name, path.stem) for role in ROLES for path in sorted(role.glob("tasks/*.yml"))]
TOKEN_TEST = "('s' * 32) | pikoci.fleet.pikoci_worker_token | split('.') | length == 3"

Installed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Runs a program where the built collection is installed and the folder is not."""
    home = tmp_path_factory.mktemp("home")
    built = run("ansible-galaxy", "collection", "build", "--output-path", home, home=home)
    assert built.returncode == 0, built.stderr
    variables = {"ANSIBLE_COLLECTIONS_PATH": str(home / "collections")}
    [archive] = home.glob("pikoci-fleet-*.tar.gz")
    command = ("collection", "install", "--offline", "-p", home / "collections", archive)
    done = run("ansible-galaxy", *command, home=home, folder=home, variables=variables)
    assert done.returncode == 0, done.stderr
    return lambda program, *arguments: run(program, *arguments, home=home, folder=home, variables=variables)


def write_play(folder: Path, prefix: str) -> Path:
    """A play that has every file of every role, so that Ansible parses all of them."""
    tasks: list[Any] = [
        {"name": f"{role} {part}", "ansible.builtin.import_role": {"name": prefix + role, "tasks_from": part}}
        for role, part in TASKS
    ]
    play = folder / "every.yml"
    play.write_text(yaml.safe_dump([{"name": "All", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    return play


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda inventory: inventory.name)
def test_playbooks_fit_the_inventories(inventory: Path, tmp_path: Path) -> None:
    done = run("ansible-playbook", "-i", inventory, *PLAYBOOKS, "--syntax-check", home=tmp_path)
    assert done.returncode == 0, done.stderr


def test_plays_in_the_documentation_can_be_read(tmp_path: Path) -> None:
    plays = [block.text for block in all_blocks("yaml") if "play" in block.marks]
    play = tmp_path / "documented.yml"
    play.write_text("".join(plays))
    done = run("ansible-playbook", play, "--syntax-check", home=tmp_path)
    assert (bool(plays), done.returncode) == (True, 0), done.stderr


def test_all_tasks_of_all_roles_can_be_read(tmp_path: Path) -> None:
    done = run("ansible-playbook", write_play(tmp_path, ""), "--syntax-check", home=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_installed_collection_can_be_used(installed: Installed, tmp_path: Path) -> None:
    play = write_play(tmp_path, "pikoci.fleet.")
    done = installed("ansible-playbook", play, "--syntax-check")
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr.replace("[WARNING]: No inventory", "").replace("[WARNING]: provided hosts", "")
    done = installed("ansible", "localhost", "-m", "ansible.builtin.assert", "-a", json.dumps({"that": [TOKEN_TEST]}))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("kind", "names"), [("module", MODULES), ("filter", FILTERS), ("inventory", ["pikoci_workers"])]
)
def test_plugins_are_documented(installed: Installed, kind: str, names: list[str]) -> None:
    done = installed("ansible-doc", "--json", "-t", kind, *(f"pikoci.fleet.{name}" for name in names))
    assert done.returncode == 0, done.stderr
    for name, shown in json.loads(done.stdout).items():
        assert shown["doc"]["description"], name
        assert all(option["description"] for option in shown["doc"]["options"].values()), name
        assert "pikoci.fleet." in shown["examples"], name
        assert shown["return"] or kind == "inventory", name
        assert yaml.safe_load(shown["examples"]), name


@pytest.mark.parametrize("name", MODULES)
def test_a_module_takes_the_options_that_it_documents(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("ansible-doc", "--json", f"pikoci.fleet.{name}", home=tmp_path)
    documented = json.loads(done.stdout)[f"pikoci.fleet.{name}"]["doc"]["options"]
    taken: dict[str, Any] = {}

    def record(**arguments: Any) -> None:
        taken.update(arguments["argument_spec"])
        raise InterruptedError

    module = load_plugin("modules", name)
    monkeypatch.setattr(module, "AnsibleModule", record)
    with pytest.raises(InterruptedError):
        module.main()
    kept = ("type", "elements", "choices", "default", "required")
    assert {key: {part: option.get(part) or None for part in kept} for key, option in documented.items()} == {
        key: {part: option.get(part) or None for part in kept} for key, option in taken.items()
    }


def test_the_production_profile_of_ansible_lint_passes(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"  # a copy, as the linter leaves its traces; without the link to itself
    copytree(COLLECTION, folder, symlinks=True, ignore=ignore_patterns(".ansible", "__pycache__", "collections"))
    done = run(
        "ansible-lint", "--profile", "production", "--offline", "--nocolor", home=tmp_path, folder=folder, timeout=550
    )
    assert done.returncode == 0, done.stdout + done.stderr
