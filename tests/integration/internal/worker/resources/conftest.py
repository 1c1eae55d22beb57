"""A repository for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.internal.worker.resources.upstream import Repository


@pytest.fixture
def upstream(tmp_path: Path, git: str) -> Repository:
    return Repository(tmp_path / "upstream")
