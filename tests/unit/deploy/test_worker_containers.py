"""What the role of workers makes of the variables for containers."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

from tests.unit.deploy.collection import ROLES

[ROLE] = [role for role in ROLES if role.name == "pikoci_worker"]
VARIABLES: dict[str, Any] = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
USUAL = {
    "pikoci_worker_build_users": True,
    "pikoci_worker_containers": "none",
    "pikoci_worker_container_program": "",
    "pikoci_worker_allow_privileged_containers": False,
    "pikoci_worker_packages": ["git"],
    "pikoci_worker_groups": ["audio"],
    "pikoci_worker_capabilities": "CAP_KILL",
    "pikoci_worker_fs_roots": [],
}


def of_role(name: str, **given: Any) -> Any:
    """A variable of the role, with those of the user."""
    jinja = NativeEnvironment()
    jinja.filters["combine"] = lambda one, other: {**one, **other}
    jinja.filters["regex_replace"] = lambda text, pattern, by: re.sub(pattern, by, text)
    jinja.filters["unique"] = lambda items: list(dict.fromkeys(items))
    known = {**USUAL, **given}

    def filled(value: Any) -> Any:
        if isinstance(value, str) and "{{" in value:
            template = jinja.from_string(value.strip())
            names = {one for one in re.findall(r"\w+", value) if one in VARIABLES and one not in known}
            return template.render(**known, **{one: filled(VARIABLES[one]) for one in names})
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        return value

    return filled(VARIABLES[name])


def setting(name: str, **given: Any) -> Any:
    """A variable of the worker's environment."""
    return of_role("pikoci_worker_settings_of_containers", **given)[name]


def test_without_containers_nothing_is_opened() -> None:
    rules = of_role("pikoci_worker_sandbox_rules")
    assert rules == of_role("pikoci_worker_usual_rules")
    assert rules["RestrictNamespaces"] == "ipc mnt"
    assert of_role("pikoci_worker_all_packages") == ["git"]
    assert of_role("pikoci_worker_all_groups") == ["audio"]
    assert set(of_role("pikoci_worker_settings_of_containers").values()) == {""}


def test_podman_opens_only_what_it_needs() -> None:
    usual = of_role("pikoci_worker_usual_rules")
    rules = of_role("pikoci_worker_sandbox_rules", pikoci_worker_containers="podman")
    changed = {name: value for name, value in rules.items() if usual.get(name) != value}
    assert changed == of_role("pikoci_worker_podman_rules")
    for name in (
        "NoNewPrivileges",
        "ProtectControlGroups",
        "ProtectSystem",
        "ProtectHome",
        "PrivateTmp",
        "CapabilityBoundingSet",
    ):
        assert rules[name] == usual[name]


def test_podman_is_installed_and_named() -> None:
    given = {"pikoci_worker_containers": "podman"}
    assert {"git", "podman", "slirp4netns"} <= set(of_role("pikoci_worker_all_packages", **given))
    assert setting("CONTAINER_PROGRAM", **given) == "podman"
    assert setting("CONTAINERS_STORAGE_CONF", **given) == "/etc/pikoci/worker.storage.conf"
    assert setting("ALLOW_PRIVILEGED_CONTAINERS", **given) is False


def test_docker_is_reached_by_its_group_and_opens_no_sandbox() -> None:
    given: dict[str, Any] = {"pikoci_worker_containers": "docker", "pikoci_worker_build_users": False}
    closed = {"pikoci_worker_build_users": False}
    assert of_role("pikoci_worker_sandbox_rules", **given) == of_role("pikoci_worker_usual_rules", **closed)
    assert of_role("pikoci_worker_all_groups", **given) == ["audio", "docker"]
    assert setting("CONTAINER_PROGRAM", **given) == "docker"
    assert setting("CONTAINERS_STORAGE_CONF", **given) == ""


@pytest.mark.parametrize("kind", ["podman", "docker"])
def test_a_program_at_another_place_is_named_and_more_rights_are_allowed(kind: str) -> None:
    given: dict[str, Any] = {
        "pikoci_worker_containers": kind,
        "pikoci_worker_container_program": "/opt/bin/run",
        "pikoci_worker_allow_privileged_containers": True,
    }
    assert setting("CONTAINER_PROGRAM", **given) == "/opt/bin/run"
    assert setting("ALLOW_PRIVILEGED_CONTAINERS", **given) is True


def refusals(**given: Any) -> str:
    """What the role says before it changes anything."""
    tasks = yaml.safe_load((ROLE / "tasks" / "preflight.yml").read_text(encoding="utf-8"))
    [texts] = [
        task["vars"]["pikoci_worker_refusals"] for task in tasks if "pikoci_worker_refusals" in task.get("vars", {})
    ]
    [text] = [one for one in texts if "pikoci_worker_containers" in one]
    jinja = NativeEnvironment()
    jinja.filters["to_json"] = lambda value: f'"{value}"'
    return str(jinja.from_string(text).render(**{**USUAL, **given}) or "").strip()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ""),
        ({"pikoci_worker_containers": "podman"}, ""),
        ({"pikoci_worker_containers": "docker", "pikoci_worker_build_users": False}, ""),
        ({"pikoci_worker_containers": "lxc"}, "choose none, podman or docker"),
        (
            {"pikoci_worker_containers": "podman", "pikoci_worker_build_users": False},
            "podman runs as the builds' users",
        ),
        ({"pikoci_worker_containers": "docker"}, "which are not let near a daemon"),
        ({"pikoci_worker_allow_privileged_containers": True}, "settings of containers are given"),
        ({"pikoci_worker_container_program": "podman"}, "settings of containers are given"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], said: str) -> None:
    assert said in refusals(**given)
    assert bool(said) == bool(refusals(**given))


def test_builds_may_write_to_what_resources_of_type_fs_may_use() -> None:
    roots = ["/srv/ci/{team}/out", "/srv/ci/of-{team}", "/srv/100% mine", "/{team}"]
    rules = of_role("pikoci_worker_usual_rules", pikoci_worker_fs_roots=roots)
    assert rules["ReadWritePaths"] == ['"-/srv/ci"', '"-/srv/100%% mine"', '"-/"']
    assert of_role("pikoci_worker_usual_rules")["ReadWritePaths"] == []
