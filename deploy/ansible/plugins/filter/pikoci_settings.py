"""Filters for settings: durations, values of environment files, addresses of the fleet's hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible.errors import AnsibleFilterError

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_TERM = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
#: What systemd drops a variable for, beside a null byte; tabs and line breaks may stand in a value.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ESCAPED = re.compile(r'(["\\$`])')


class _Broker(NamedTuple):
    group: str
    port: int
    tls_port: int
    prefix: str = ""
    suffix: str = ""


_BROKERS = {
    "nats": _Broker("pikoci_nats", 4222, 4222, "nats://"),
    "rabbit": _Broker("pikoci_rabbitmq", 5672, 5671, "amqp://", "/"),
    "kafka": _Broker("pikoci_kafka", 9092, 9092),
}


def seconds(text: object) -> float:
    """The seconds of a duration as the program takes it, such as `1h30m`.

    Raises AnsibleFilterError for what is none.
    """
    body = str(text).strip()
    if body == "0":
        return 0.0
    terms = _TERM.findall(body)
    if not terms or "".join(number + unit for number, unit in terms) != body:
        raise AnsibleFilterError(f"{body!r} is no duration; write numbers with units, such as 30s, 10m or 1h30m")
    return float(sum(float(number) * _SECONDS[unit] for number, unit in terms))


def environment_value(value: object) -> str:
    """A value as systemd's EnvironmentFile takes it, in double quotes; lists get commas, booleans lower case.

    Raises AnsibleFilterError for a control character, since systemd would drop the whole variable without an error.
    """
    text = _text(value)
    if _CONTROL.search(text):
        raise AnsibleFilterError("a setting holds a control character, which an environment file cannot; remove it")
    return '"' + _ESCAPED.sub(r"\\\1", text) + '"'


def addresses(hosts: Sequence[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Where the fleet's hosts reach these: their `pikoci_address`, else `ansible_host`, else their name."""
    known = (hostvars[host] for host in hosts)
    return [
        str(each.get("pikoci_address") or each.get("ansible_host") or host)
        for host, each in zip(hosts, known, strict=True)
    ]


def queue_system(groups: Mapping[str, Sequence[str]]) -> str:
    """The broker that the inventory has a group of, or else `mem`."""
    return next((system for system, broker in _BROKERS.items() if groups.get(broker.group)), "mem")


def broker_address(system: str, groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any]) -> str:
    """The setting for the brokers in the inventory, with commas between; empty where it has none."""
    broker = _BROKERS[system]
    hosts = groups.get(broker.group) or []
    ports = [_port(broker, hostvars[host]) for host in hosts]
    found = zip(addresses(hosts, hostvars), ports, strict=True)
    return ",".join(f"{broker.prefix}{_literal(address)}:{port}{broker.suffix}" for address, port in found)


def _port(broker: _Broker, known: Mapping[str, Any]) -> object:
    usual = broker.tls_port if known.get("pikoci_queue_tls") else broker.port
    return known.get(f"{broker.group}_port") or usual


def _literal(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {
            "pikoci_addresses": addresses,
            "pikoci_broker_address": broker_address,
            "pikoci_environment_value": environment_value,
            "pikoci_queue_system": queue_system,
            "pikoci_seconds": seconds,
        }
