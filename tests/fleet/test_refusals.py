"""Bad input stops in preflight, with one sentence that names the variable, before anything is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fleet.farm import Farm
from tests.fleet.fleet import Fleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

REFUSALS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "missing secret": ({"pikoci_jwt_secret": ""}, ["pikoci_jwt_secret is missing", "openssl rand"]),
    "weak secret": ({"pikoci_jwt_secret": "ab" * 20}, ["pikoci_jwt_secret can be guessed", "openssl rand"]),
    "unknown queue": (
        {"pikoci_worker_instances": [{"name": "main", "queues": "job"}]},
        ["pikoci_worker_instances", "job", "jobs, checks"],
    ),
    "mem for separate workers": ({"pikoci_queue_system": "mem"}, ["pikoci_queue_system is mem", "choose nats"]),
    "stop timeout shorter than a drain": (
        {"pikoci_worker_instances": [{"name": "main", "drain_timeout": "10m", "stop_timeout": "5m"}]},
        ["pikoci_worker_instances of w1", "stop_timeout 5m", "drain_timeout 10m", "make it more"],
    ),
    "durations of the server": (
        {"pikoci_server_lease": "30 s", "pikoci_server_cache_max_age": "30d"},
        ["pikoci_server_lease and pikoci_server_cache_max_age are no duration; write one such as 30s"],
    ),
    "duration of the workers": (
        {"pikoci_worker_cache_max_age": "30d"},
        ['pikoci_worker_cache_max_age is "30d", which is no duration; write one such as 720h'],
    ),
    "two instances with one name": (
        {"pikoci_worker_instances": [{"name": "main"}, {"name": "main", "queues": "checks"}]},
        ["pikoci_worker_instances of w1", "two instances have the name 'main'", "give each its own"],
    ),
    "login in the broker's address": (
        {"pikoci_nats_server_url": "nats://me:mine@127.0.0.1:4222"},
        ["pikoci_nats_server_url holds a login", "set pikoci_queue_user"],
    ),
    "files for the broker": (
        {
            "pikoci_nats_creds": "/nowhere/user.creds",
            "pikoci_queue_tls_key": "/nowhere/client.key",
            "pikoci_kafka_sasl_mechanism": "GSSAPI",
            "pikoci_kafka_partitions": 0,
        },
        [
            "pikoci_nats_creds is /nowhere/user.creds, which is no file on the control machine",
            "pikoci_queue_tls_key is /nowhere/client.key, which is no file",
            "pikoci_queue_tls_key is set and pikoci_queue_tls_certificate is not",
            'pikoci_kafka_sasl_mechanism is "GSSAPI"; write PLAIN',
            "pikoci_kafka_partitions is 0",
        ],
    ),
    "broker that does not answer": ({}, ["pikoci_nats_server_url", "cannot reach", "correct the address"]),
}


@pytest.fixture(scope="module")
def farm(able: None) -> Iterator[Farm]:
    """Bare hosts, and a broker elsewhere that isn't there."""
    with Fleet() as fleet:
        made = Farm(fleet, {"pikoci_servers": ["ci1"], "pikoci_workers": ["w1"]})
        made.variables["pikoci_nats_server_url"] = f"nats://{fleet.hosts['w1'].address}:4222"
        made.variables["pikoci_queue_system"] = "nats"
        yield made


@pytest.mark.parametrize("bad", REFUSALS)
def test_bad_input_stops_in_preflight(farm: Farm, bad: str) -> None:
    variables, sentence = REFUSALS[bad]

    _assert_refused(farm, sentence, "--extra-vars", json.dumps(variables))


def test_an_unsupported_platform_stops_in_preflight(farm: Farm) -> None:
    host = farm.fleet.hosts["w1"]
    host.run("sed -i 's/12/11/; s/bookworm/bullseye/' $(readlink -f /etc/os-release) && echo 11.9 >/etc/debian_version")

    _assert_refused(farm, ["w1 runs Debian 11", "is not supported", "Debian 12"])


def _assert_refused(farm: Farm, sentence: list[str], *options: str) -> None:
    played = farm.attempt("site.yml", *options)

    assert played.status != 0
    said = " ".join(played.output.split())
    assert [part for part in sentence if part not in said] == [], played.output[-4000:]
    assert played.changed() == {}
    assert "unreachable" not in said.replace("unreachable=0", "")
    for host in farm.fleet.hosts.values():
        assert host.run("ls -d /etc/pikoci /opt/pikoci 2>/dev/null || true") == ""
