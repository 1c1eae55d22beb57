"""A farm over each broker, and a repository to work with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.farm import BROKERS, Farm
from tests.acceptance.repository import Repository

FIXTURES = {"nats": "nats_address", "rabbit": "rabbitmq_address", "kafka": "kafka_address"}


@pytest.fixture(params=list(BROKERS))
def farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    made = Farm(tmp_path, request.param, request.getfixturevalue(FIXTURES[request.param]))
    try:
        made.server.start()
        yield made
    finally:
        made.stop()
    assert made.leftovers() == []


@pytest.fixture
def repository(tmp_path: Path, git: str) -> Repository:
    return Repository(tmp_path / "repository")
