"""A farm over each broker, and a repository to work with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.farm import BROKERS, LEASE, LONG_LEASE, Farm
from tests.acceptance.repository import Repository

FIXTURES = {"nats": "nats_address", "rabbit": "rabbitmq_address", "kafka": "kafka_address"}


@contextmanager
def opened(request: pytest.FixtureRequest, folder: Path, lease: Sequence[str]) -> Iterator[Farm]:
    made = Farm(folder, request.param, request.getfixturevalue(FIXTURES[request.param]), lease)
    try:
        made.server.start()
        yield made
    finally:
        made.stop()
    assert made.leftovers() == []


@pytest.fixture(params=list(BROKERS))
def farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    with opened(request, tmp_path, LEASE) as made:
        yield made


@pytest.fixture(params=list(BROKERS))
def patient_farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    """One whose leases outlast whatever a test does."""
    with opened(request, tmp_path, LONG_LEASE) as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path, git: str) -> Repository:
    return Repository(tmp_path / "repository")
