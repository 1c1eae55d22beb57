"""Secrets of the farm stay where they belong, and the services are shut in."""

from __future__ import annotations

import re

import pytest

from tests.fleet.ansible import tell
from tests.fleet.farm import Farm
from tests.fleet.host import Host

pytestmark = [pytest.mark.slow, pytest.mark.short, pytest.mark.timeout(900)]

SERVER_EXPOSURE = 2.0
WORKER_EXPOSURE = 4.0  # capabilities, to run builds as users of their own


def _hidden(farm: Farm) -> list[str]:
    settings = farm.workers[0].run("cat /etc/pikoci/*.env")
    (token,) = re.findall(r"^WORKER_TOKEN=\W*([\w.-]+)", settings, re.MULTILINE)
    return [*farm.secrets.hidden, token]


def test_no_secret_can_be_seen_by_other_users(small: Farm) -> None:
    hidden = _hidden(small)

    for host in small.fleet.hosts.values():
        assert host.exposed(hidden) == [], f"on {host.name}"


def test_no_worker_has_a_secret_of_the_server(small: Farm) -> None:
    secrets = f"{small.secrets.jwt}\n{small.secrets.key}"

    for host in small.workers:
        assert host.run("grep -rlF --file=- /etc /opt/pikoci /var/lib || true", text=secrets) == "", f"on {host.name}"


def test_no_secret_is_in_the_most_verbose_output_of_the_play_that_writes_all_files(small: Farm) -> None:
    said = small.first.output

    assert set(small.first.changed()) == set(small.fleet.hosts)
    assert not [secret for secret in _hidden(small) if secret in said]


def test_the_services_are_shut_in(small: Farm) -> None:
    server = _exposure(small.servers[0], "pikoci-server.service")
    worker = _exposure(small.workers[0], "pikoci-worker@jobs.service")
    tell(f"systemd-analyze security: server {server}, worker {worker}")

    assert server <= SERVER_EXPOSURE
    assert worker <= WORKER_EXPOSURE


def _exposure(host: Host, unit: str) -> float:
    report = host.run(f"systemd-analyze security --no-pager {unit}")
    (figure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", report)
    return float(figure)
