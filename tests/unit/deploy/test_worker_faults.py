"""What is wrong with worker instances is found before any host is changed."""

from __future__ import annotations

from typing import Any

import pytest

from pikoci.internal.domain.tags import MAX_TAGS
from pikoci.worker.command import check_settings
from tests.unit.deploy.collection import COLLECTION, plugin
from tests.unit.deploy.test_variables import load

faults = plugin("filter", "pikoci_worker_faults").FilterModule().filters()["pikoci_worker_faults"]


def test_good_instances_have_no_faults() -> None:
    jobs = {
        "name": "jobs", "queues": "jobs", "concurrency": 8, "tags": ["gpu", "big-memory"], "exclusive_tags": True,
        "drain_timeout": "1h30m", "stop_timeout": "2h", "nice": -5, "cpu_quota": "200%", "memory_max": "4G",
        "workdir": "/data/ci-jobs", "health_port": 9090, "log_level": "debug", "environment": {"HTTPS_PROXY": "http://p"},
    }  # fmt: skip
    assert faults({"w1": [jobs, {"name": "checks", "queues": ["checks"]}], "w2": [{"name": "jobs"}], "w3": []}) == []


@pytest.mark.parametrize(
    ("instance", "parts"),
    [
        ({"name": "a", "concurency": 2}, ["'concurency' is no key", "write concurrency"]),
        ({"name": "a", "zzz": 2}, ["'zzz' is no key", "known are name, queues"]),
        ({"queues": "jobs"}, ["entry 1", "name is missing"]),
        ("jobs", ["entry 1", "no dictionary"]),
        ({"name": "A b"}, ["'A b'", "lower-case letters"]),
        ({"name": "a", "queues": "jobs,check"}, ["'check'", "no queue", "write jobs, checks, or both"]),
        ({"name": "a", "queues": []}, ["names no queue"]),
        ({"name": "a", "concurrency": 0}, ["concurrency is '0'", "from 1 to 1000"]),
        ({"name": "a", "concurrency": "many"}, ["concurrency is 'many'"]),
        ({"name": "a", "nice": 20}, ["nice is '20'", "from -20 to 19"]),
        ({"name": "a", "health_port": 70000}, ["health_port is '70000'"]),
        ({"name": "a", "tags": "GPU"}, ["'GPU' is not a valid tag"]),
        ({"name": "a", "tags": "a,b,c,d,e,f,g"}, ["at most 6"]),
        ({"name": "a", "exclusive_tags": True}, ["exclusive_tags is for a worker with tags"]),
        ({"name": "a", "log_level": "loud"}, ["log_level is 'loud'"]),
        ({"name": "a", "drain_timeout": "10 minutes"}, ["drain_timeout is '10 minutes'", "no duration"]),
        ({"name": "a", "drain_timeout": "10m", "stop_timeout": "10m15s"}, ["stop_timeout 10m15s", "drain_timeout 10m"]),
        ({"name": "a", "stop_timeout": "5m"}, ["stop_timeout 5m", "drain_timeout 10m", "make it more"]),
        ({"name": "a", "cpu_quota": "two"}, ["cpu_quota is 'two'", "200%"]),
        ({"name": "a", "memory_max": "4 GB"}, ["memory_max is '4 GB'", "4G"]),
        ({"name": "a", "workdir": "data"}, ["workdir is 'data'", "absolute path"]),
        ({"name": "a", "workdir": "/srv/../etc"}, ["workdir is '/srv/../etc'"]),
        ({"name": "a", "workdir": "/home/ci"}, ["/home/ci", "cannot write"]),
        ({"name": "a", "environment": {"A-B": "1"}}, ["'A-B' is not a valid name of a variable"]),
        ({"name": "a", "environment": {"WORKER_TOKEN": "1"}}, ["WORKER_TOKEN is set by the role"]),
        ({"name": "a", "environment": ["A=1"]}, ["environment is no dictionary"]),
    ],
)
def test_a_fault_is_one_sentence_that_names_host_and_instance(instance: Any, parts: list[str]) -> None:
    [fault] = faults({"w1": [instance]})
    assert fault.startswith("pikoci_worker_instances of w1, ")
    assert fault.endswith(".")
    assert "\n" not in fault
    assert [part for part in parts if part not in fault] == []


@pytest.mark.parametrize("key", ["name", "workdir", "health_port"])
def test_two_instances_of_a_host_share_nothing(key: str) -> None:
    values: dict[str, Any] = {"name": "a", "workdir": "/srv/one", "health_port": 9090}
    first, second = {"name": "a"}, {"name": "b"}
    [fault] = faults({"w1": [first | {key: values[key]}, second | {key: values[key]}]})
    assert f"two instances have the {key} '{values[key]}'; give each its own" in fault


def test_two_hosts_do_not_make_the_same_worker() -> None:
    [fault] = faults({"rack": [{"name": "a-b"}], "rack-a": [{"name": "b"}]})
    assert fault == (
        "pikoci_worker_instances of rack-a and rack: both make a worker named 'rack-a-b'; rename one instance."
    )


def test_a_host_whose_name_no_worker_can_have_is_refused() -> None:
    [fault] = faults({"a b": [{"name": "c"}]})
    assert "'a b-c' is not a valid name for a worker; rename the host" in fault


def test_what_is_no_list_is_refused() -> None:
    assert "is no list" in faults({"w1": {"name": "a"}})[0]


def test_the_keys_are_those_of_the_argument_spec() -> None:
    spec = load(COLLECTION / "roles/pikoci_worker/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    keys = spec["pikoci_worker_instances"]["options"]
    samples = {
        "name": "a", "queues": "jobs", "concurrency": 1, "tags": "a", "drain_timeout": "1s", "stop_timeout": "1h",
        "log_level": "info", "nice": 0, "health_port": 1, "cpu_quota": "1%", "memory_max": "1G", "workdir": "/srv/a",
        "exclusive_tags": False, "environment": {},
    }  # fmt: skip
    assert set(samples) == set(keys)
    assert faults({"w1": [samples]}) == []


@pytest.mark.parametrize("tags", [("Gpu",), ("a_b",), tuple(f"t{number}" for number in range(MAX_TAGS + 1))])
def test_tags_are_refused_as_the_program_refuses_them(tags: tuple[str, ...]) -> None:
    values = {"pubsub_system": "nats", "worker_token": "t", "queues": ("jobs",), "exclusive_tags": False, "tags": tags}
    with pytest.raises(Exception, match="--tags"):
        check_settings(values)
    assert len(faults({"w1": [{"name": "a", "tags": list(tags)}]})) == 1
