"""Roles' variables: the argument specs, the defaults and what uses them agree."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.collection import COLLECTION, INVENTORIES, PLAYBOOKS, ROLES
from tests.unit.docs.markdown import all_blocks

KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "path": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}
NAME = re.compile(r"(?<![\w./@-])pikoci_[a-z0-9_]+(?![\w-]*[/@(])")
SECRET = re.compile(r"_(?:password|secret|token|users)(?:_|$)")

every_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


class Unsafe(str):
    """A template that Ansible shows as it is, without filling it in."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):
    """Reads what Ansible reads."""


def _unsafe(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Unsafe:
    return Unsafe(loader.construct_scalar(node))


_Loader.add_constructor("!unsafe", _unsafe)


@cache
def load(path: Path) -> Any:
    """A YAML file, or an empty mapping where there is none."""
    return (yaml.load(path.read_text(encoding="utf-8"), _Loader) or {}) if path.exists() else {}


def spec(role: Path) -> dict[str, Any]:
    """The variables that a role documents."""
    options: dict[str, Any] = entries(role).get("main", {}).get("options", {})
    return options


def entries(role: Path) -> dict[str, Any]:
    """What a role documents of its parts."""
    found: dict[str, Any] = load(role / "meta" / "argument_specs.yml").get("argument_specs", {})
    return found


def defaults(role: Path) -> dict[str, Any]:
    found: dict[str, Any] = load(role / "defaults" / "main.yml")
    return found


def is_template(value: object) -> bool:
    return isinstance(value, str) and "{{" in value


def check(where: str, option: dict[str, Any]) -> None:
    """An option has a type and a description, and its default and choices are of the type."""
    assert option["type"] in KINDS, where
    assert option["description"], where
    default = option.get("default")
    assert "default" not in option or "required" not in option, f"{where} is required and has a default"
    if default is None or is_template(default):
        return
    assert isinstance(default, KINDS[option["type"]]), f"{where}: {default!r} is no {option['type']}"
    assert option["type"] == "bool" or not isinstance(default, bool), where
    if "choices" in option:
        chosen = default if isinstance(default, list) else [default]
        assert set(chosen) <= set(option["choices"]), where
    if isinstance(default, list):
        assert all(isinstance(item, KINDS[option["elements"]]) for item in default), where


@every_role
def test_every_variable_has_a_type_and_a_description(role: Path) -> None:
    for name, option in spec(role).items():
        assert name.startswith(f"{role.name}_") or role.name == "pikoci_preflight", name
        check(name, option)
        for inner, suboption in option.get("options", {}).items():
            check(f"{name}[].{inner}", suboption)


@every_role
def test_defaults_are_those_that_are_documented(role: Path) -> None:
    documented = {name: option["default"] for name, option in spec(role).items() if "default" in option}
    if role.name == "pikoci_preflight":
        assert defaults(role) == {}  # others' variables are not its to set
    else:
        assert defaults(role) == documented


@every_role
def test_errors_about_a_variable_do_not_show_secrets(role: Path) -> None:
    """Ansible prints the whole spec with its defaults filled in when it refuses a variable."""
    secret = [(name, option.get("default")) for name, option in spec(role).items() if SECRET.search(name)]
    assert [name for name, default in secret if is_template(default) and not isinstance(default, Unsafe)] == []


@every_role
def test_all_parts_of_a_role_document_a_variable_alike(role: Path) -> None:
    documented = spec(role)
    assert documented
    for entry, about in entries(role).items():
        assert (role / "tasks" / f"{entry}.yml").exists(), f"{role.name} has no part {entry}"
        for name, option in about.get("options", {}).items():
            assert option == documented.get(name), f"{entry}: {name}"


def test_instances_have_the_defaults_that_are_documented() -> None:
    [role] = [role for role in ROLES if role.name == "pikoci_worker"]
    options = spec(role)["pikoci_worker_instances"]["options"]
    filled = load(role / "vars" / "main.yml")["pikoci_worker_instance_defaults"]
    assert set(filled) == set(options) - {"name"}
    assert {name: value for name, value in filled.items() if "default" in options[name]} == {
        name: option["default"] for name, option in options.items() if "default" in option
    }


DOCUMENTED = {name for role in ROLES for name in spec(role)}


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda inventory: inventory.name)
def test_examples_set_documented_variables_only(inventory: Path) -> None:
    files = [*inventory.glob("*_vars/**/*.yml"), *inventory.glob("*_vars/*")]
    assert {name for file in files if file.is_file() for name in load(file)} - {"ansible_host"} <= DOCUMENTED


def test_the_documentation_sets_documented_variables_only() -> None:
    shown = [yaml.load(block.text, _Loader) for block in all_blocks("yaml") if "inventory" in block.marks]
    groups = {group for path in INVENTORIES for group in load(path / "hosts.yml")}
    assert {name for variables in shown for name in variables} - groups <= DOCUMENTED


def _made_in(role: Path) -> set[str]:
    """What a role registers, sets as a fact, loops by or has in its vars, and its folders' names."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in role.glob("tasks/*.yml"))
    made = set(re.findall(r"(?:register|loop_var|index_var|  name): *(\w+)", text))
    made |= set(re.findall(r"^ +(pikoci_\w+):(?: |$)", text, re.MULTILINE))
    return made | {name for path in role.glob("vars/*.yml") for name in load(path)}


def _uses(path: Path) -> set[str]:
    text = re.sub(r"^ *#.*$|pikoci\.fleet\.\w+", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return set(NAME.findall(text))


def test_every_variable_that_is_used_is_documented_or_made() -> None:
    made = set().union(*(_made_in(role) for role in ROLES))
    made |= {
        name for play in PLAYBOOKS for name in re.findall(r"^ +(?:register: )?(pikoci_\w+)", play.read_text(), re.M)
    }
    made |= {role.name for role in ROLES} | {group for path in INVENTORIES for group in load(path / "hosts.yml")}
    made |= {"pikoci_kafka", "pikoci_nats", "pikoci_rabbitmq", "pikoci_rollback_version", "pikoci_port"}
    made |= {path.stem for path in COLLECTION.glob("plugins/*/*")}
    files = [
        path
        for role in ROLES
        for folder in ("tasks", "templates", "vars", "defaults")
        for path in role.glob(f"{folder}/*")
    ]
    unknown = {
        (str(path.relative_to(COLLECTION)), name)
        for path in [*files, *PLAYBOOKS]
        for name in _uses(path) - made - DOCUMENTED
    }
    assert sorted(unknown) == []
