"""Filters for settings: durations, values of environment files, addresses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible.errors import AnsibleFilterError

from pikoci.internal.domain.duration import parse_duration
from tests.unit.deploy.collection import ROLES, plugin

FILTERS = plugin("filter", "pikoci_settings").FilterModule().filters()
seconds = FILTERS["pikoci_seconds"]
environment_value = FILTERS["pikoci_environment_value"]
addresses = FILTERS["pikoci_addresses"]
broker_address = FILTERS["pikoci_broker_address"]
queue_system = FILTERS["pikoci_queue_system"]


@pytest.mark.parametrize("text", ["0", "30s", "10m", "1h30m", "1.5h", ".5s", "500ms", "1h1m1s"])
def test_a_duration_is_what_the_program_takes_it_for(text: str) -> None:
    assert seconds(text) == pytest.approx(parse_duration(text))


@pytest.mark.parametrize("text", ["", "10", "1d", "-5s", "10 m", "m", "1h-2m", None])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(AnsibleFilterError, match="no duration; write numbers with units"):
        seconds(text)


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "two words, and  two spaces ",
        "$2b$12$C6UzMDM.H6dfI/f/IKcEeO",
        'back\\slash \\$ \\" \\n',
        "`date` $(date) ${HOME}",
        'quotes " and \' and ""',
        "100% #no comment; é",
        "",
        "a\nb",
        "tab\there",
    ],
)
def test_a_value_comes_out_of_the_file_as_it_was(value: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text(f"VALUE={environment_value(value)}\n", encoding="utf-8")

    # A shell reads double quotes by the same rules as systemd; tests/fleet has the real one.
    script = f'. {file}; printf %s "$VALUE"'
    assert subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout.decode() == value


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, '"true"'), (False, '"false"'), (None, '""'), (8080, '"8080"'), (["a", "b"], '"a,b"'), ([], '""')],
)
def test_values_of_other_types_are_written_as_the_program_takes_them(value: object, written: str) -> None:
    assert environment_value(value) == written


@pytest.mark.parametrize("value", ["secret\x00", "secret\x1b", "secret\r\n"])
def test_a_control_character_is_refused_without_showing_the_value(value: str) -> None:
    with pytest.raises(AnsibleFilterError, match="control character") as refusal:
        environment_value(value)
    assert "secret" not in str(refusal.value)


HOSTVARS = {
    "mq1": {"pikoci_address": "10.0.0.1", "ansible_host": "mq1.example.com"},
    "mq2": {"ansible_host": "fd00::2", "pikoci_nats_port": 4333},
    "mq3": {"pikoci_queue_tls": True},
}


def test_hosts_are_reached_by_their_own_address_their_connection_or_their_name() -> None:
    assert addresses(["mq1", "mq2", "mq3"], HOSTVARS) == ["10.0.0.1", "fd00::2", "mq3"]


@pytest.mark.parametrize(
    ("system", "groups", "expected"),
    [
        ("nats", {"pikoci_nats": ["mq1", "mq2"]}, "nats://10.0.0.1:4222,nats://[fd00::2]:4333"),
        ("rabbit", {"pikoci_rabbitmq": ["mq1", "mq3"]}, "amqp://10.0.0.1:5672/,amqp://mq3:5671/"),
        ("kafka", {"pikoci_kafka": ["mq1"]}, "10.0.0.1:9092"),
        ("kafka", {"pikoci_nats": ["mq1"]}, ""),
    ],
)
def test_brokers_of_the_inventory_are_addressed_as_the_program_takes_it(
    system: str, groups: dict[str, list[str]], expected: str
) -> None:
    assert broker_address(system, groups, HOSTVARS) == expected


def test_the_queue_is_the_broker_that_the_inventory_has() -> None:
    assert queue_system({"all": ["a"], "pikoci_rabbitmq": ["a"]}) == "rabbit"
    assert queue_system({"all": ["a"], "pikoci_nats": []}) == "mem"


def test_the_server_role_keeps_the_worker_token_out_of_the_log() -> None:
    """Settings that are empty are left out; one that is off is none of them."""
    role = next(role for role in ROLES if role.name == "pikoci_server")
    known = yaml.safe_load((role / "vars" / "main.yml").read_text(encoding="utf-8"))["pikoci_server_settings"]
    jinja = jinja2.Environment(autoescape=False)
    jinja.filters["pikoci.fleet.pikoci_environment_value"] = environment_value
    template = jinja.from_string((role / "templates" / "settings.env.j2").read_text(encoding="utf-8"))
    told = template.render(pikoci_server_variables={"LOG_WORKER_TOKEN": known["LOG_WORKER_TOKEN"], "HOST": ""})
    assert [line for line in told.splitlines() if "=" in line] == ['LOG_WORKER_TOKEN="false"']
