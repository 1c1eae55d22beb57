"""A filter that finds what is wrong with worker instances, before any host is changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: pikoci_worker_faults
version_added: "0.1.0"
short_description: Find what is wrong with worker instances
description:
  - Checks the lists of instances of all hosts at once, since the names of workers are unique in the fleet.
author: The PikoCI authors
options:
  _input:
    description: Hosts by name, each with its list C(pikoci_worker_instances).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse wrong instances
  ansible.builtin.assert:
    that: faults == []
    fail_msg: "{{ faults | first }}"
  vars:
    faults: "{{ {'ci1': [{'name': 'jobs', 'queues': 'jobs'}]} | pikoci.fleet.pikoci_worker_faults }}"
"""

RETURN = r"""
_value:
  description: Sentences that name the host, the instance, the fault and the way out.
  type: list
  elements: str
"""

#: Seconds that a drained worker may take beyond its drain timeout.
DRAIN_MARGIN = 15
_KEYS = (
    "name", "queues", "concurrency", "tags", "exclusive_tags", "drain_timeout", "stop_timeout", "log_level", "nice",
    "cpu_quota", "memory_max", "workdir", "health_port", "environment",
)  # fmt: skip
_QUEUES = ("jobs", "checks")
_LEVELS = ("debug", "info", "warn", "error")
_MAX_TAGS = 6
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_WORKER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_TAG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TERM = r"(\d+\.?\d*|\.\d+)(h|ms|m|s)"
_DURATION = re.compile(rf"0|({_TERM})+", re.ASCII)
_UNITS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
_QUOTA = re.compile(r"[1-9]\d*%")
_MEMORY = re.compile(r"[1-9]\d*(%|[KMGT])?")
_PATH = re.compile(r"(/[A-Za-z0-9_.@+-]+){2,}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Directories that the units hide, or that the system empties.
_HIDDEN = ("/home/", "/root/", "/run/", "/tmp/", "/var/tmp/", "/dev/", "/proc/", "/sys/")  # noqa: S108 - names alone
#: Variables of the program that instances and roles set themselves.
_MANAGED = {
    "PIKOCI_URL", "WORKER_TOKEN", "PUBSUB_SYSTEM", "QUEUE_USER", "QUEUE_PASSWORD", "QUEUE_PREFIX", "QUEUE_TLS",
    "QUEUE_TLS_CA", "NAME", "QUEUES", "CONCURRENCY", "TAGS", "EXCLUSIVE_TAGS", "DRAIN_TIMEOUT", "LOG_LEVEL", "WORKDIR",
    "HEALTH_PORT", "HOME",
}  # fmt: skip
_FAULT = Iterator[str]


def worker_faults(fleet: Mapping[str, Any]) -> list[str]:
    """Every fault of the instances of all hosts, as sentences."""
    if not isinstance(fleet, Mapping):
        raise AnsibleFilterError("pikoci_worker_faults wants a dictionary of hosts and their instances")
    faults: list[str] = []
    owners: dict[str, str] = {}
    for host, instances in fleet.items():
        if not isinstance(instances, list):
            faults.append(
                f"pikoci_worker_instances of {host} is no list; write one entry for each worker, with its name."
            )
            continue
        named = [instance for instance in instances if isinstance(instance, Mapping) and "name" in instance]
        for position, instance in enumerate(instances):
            faults += [f"pikoci_worker_instances of {host}, {fault}." for fault in _instance_faults(position, instance)]
        faults += [f"pikoci_worker_instances of {host}: {fault}." for fault in _shared(named)]
        names = {name for instance in named if _NAME.fullmatch(name := str(instance["name"]))}
        faults += _clashes(host, names, owners)
    return faults


def _instance_faults(position: int, instance: object) -> _FAULT:
    if not isinstance(instance, Mapping):
        yield f"entry {position + 1}: it is no dictionary; write {{name: …, queues: …}}"
        return
    if "name" not in instance:
        yield f"entry {position + 1}: the key name is missing; give one that is unique on the host"
        return
    where = f"instance {str(instance['name'])[:60]!r}: "
    checks: Sequence[Callable[[Mapping[str, Any]], _FAULT]] = (
        _keys,
        _names,
        _numbers,
        _durations,
        _limits,
        _environment,
    )
    for check in checks:
        yield from (where + fault for fault in check(instance))


def _keys(instance: Mapping[str, Any]) -> _FAULT:
    for key in instance:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, n=1)
            yield f"{key!r} is no key of an instance; " + (
                f"write {near[0]}" if near else f"known are {', '.join(_KEYS)}"
            )


def _names(instance: Mapping[str, Any]) -> _FAULT:
    if not _NAME.fullmatch(str(instance["name"])):
        yield "the name is made of lower-case letters, digits, `_` and `-`, 40 at most; choose another"
    for queue in (queues := _listed(instance.get("queues", _QUEUES))):
        if queue not in _QUEUES:
            yield f"queues names {queue!r}, which is no queue; write jobs, checks, or both"
    if not queues:
        yield "queues names no queue; write jobs, checks, or both"
    tags = _listed(instance.get("tags"))
    for tag in tags:
        if not _TAG.fullmatch(tag):
            yield f"tags: {tag[:40]!r} is not a valid tag; use lower-case letters, digits and single hyphens"
    if len(set(tags)) > _MAX_TAGS:
        yield f"tags: a worker has at most {_MAX_TAGS}; add another instance for the others"
    if _true(instance.get("exclusive_tags")) and not tags:
        yield "exclusive_tags is for a worker with tags; add tags, or remove it"
    if (level := instance.get("log_level", "info")) not in _LEVELS:
        yield f"log_level is {level!r}; write one of {', '.join(_LEVELS)}"


def _numbers(instance: Mapping[str, Any]) -> _FAULT:
    for key, least, most in (("concurrency", 1, 1000), ("nice", -20, 19), ("health_port", 1, 65535)):
        value = instance.get(key)
        if value is not None and not (re.fullmatch(r"-?\d+", str(value)) and least <= int(value) <= most):
            yield f"{key} is {str(value)[:40]!r}; write a number from {least} to {most}"


def _durations(instance: Mapping[str, Any]) -> _FAULT:
    found = {
        key: str(instance[key]) for key in ("drain_timeout", "stop_timeout") if instance.get(key) not in {None, ""}
    }
    wrong = [key for key, value in found.items() if not _DURATION.fullmatch(value)]
    for key in wrong:
        yield f"{key} is {found[key][:40]!r}, which is no duration; write one such as 30s, 10m or 1h30m"
    if "stop_timeout" in found and not wrong:
        drain = found.get("drain_timeout", "10m")
        if _seconds(found["stop_timeout"]) <= _seconds(drain) + DRAIN_MARGIN:
            yield (
                f"stop_timeout {found['stop_timeout']} would let systemd kill a drain of up to drain_timeout {drain}; "
                f"make it more than that and {DRAIN_MARGIN} s, or leave stop_timeout out"
            )


def _limits(instance: Mapping[str, Any]) -> _FAULT:
    for key, pattern, example in (("cpu_quota", _QUOTA, "200%"), ("memory_max", _MEMORY, "4G")):
        value = instance.get(key)
        if value not in {None, ""} and not pattern.fullmatch(str(value)):
            yield f"{key} is {str(value)[:40]!r}; write it as {example}"
    path = instance.get("workdir")
    if path in {None, ""}:
        return
    if not _PATH.fullmatch(str(path)) or "/../" in f"{path}/":
        yield f"workdir is {str(path)[:80]!r}; write an absolute path of plain letters, at least two levels deep"
    elif f"{path}/".startswith(_HIDDEN):
        yield f"workdir {path} lies where the unit cannot write; choose one below /var/lib, /srv or /data"


def _environment(instance: Mapping[str, Any]) -> _FAULT:
    variables = instance.get("environment") or {}
    if not isinstance(variables, Mapping):
        yield "environment is no dictionary; write variables with their values"
        return
    for name in variables:
        if not _VARIABLE.fullmatch(str(name)):
            yield f"environment: {str(name)[:40]!r} is not a valid name of a variable; use letters, digits and `_`"
        elif name in _MANAGED:
            yield f"environment: {name} is set by the role; use the instance's key or the role's variable"


def _shared(instances: Sequence[Mapping[str, Any]]) -> _FAULT:
    """What two instances of a host have in common and must not."""
    for key in ("name", "workdir", "health_port"):
        values = [str(instance[key]) for instance in instances if instance.get(key) not in {None, ""}]
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield f"two instances have the {key} {value!r}; give each its own"


def _clashes(host: str, names: set[str], owners: dict[str, str]) -> list[str]:
    """Workers of this host that cannot have their names; the others are noted in `owners`."""
    faults = []
    for worker in sorted(f"{host}-{name}" for name in names):
        if not _WORKER.fullmatch(worker):
            fault = f"of {host}: {worker!r} is not a valid name for a worker; rename the host in the inventory."
        elif (owner := owners.setdefault(worker, host)) != host:
            fault = f"of {host} and {owner}: both make a worker named {worker!r}; rename one instance."
        else:
            continue
        faults.append(f"pikoci_worker_instances {fault}")
    return faults


def _listed(value: object) -> list[str]:
    parts = value if isinstance(value, list | tuple) else str(value or "").split(",")
    return [text for part in parts if (text := str(part).strip())]


def _true(value: object) -> bool:
    return str(value).lower() in {"true", "yes", "on", "1"}


def _seconds(text: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(_TERM, text))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"pikoci_worker_faults": worker_faults}
