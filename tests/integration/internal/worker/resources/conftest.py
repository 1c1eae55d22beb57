"""A repository for each test, and forges that have one."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.integration.internal.worker.resources.pull_site import Site
from tests.integration.internal.worker.resources.upstream import Repository
from tests.services.forge import ForgeHost, served_forge
from tests.services.git_http import GitHost


@pytest.fixture
def upstream(tmp_path: Path, git: str) -> Repository:
    return Repository(tmp_path / "upstream")


@pytest.fixture(params=["github", "gitlab", "gitea"])
def site(request: pytest.FixtureRequest, tmp_path: Path, git: str, upstream: Repository) -> Generator[Site]:
    host = ForgeHost(GitHost(tmp_path / "served"))
    host.git.root.mkdir()
    with served_forge(host) as address:
        yield Site(host, address, upstream, request.param)


@pytest.fixture
def github(tmp_path: Path, git: str, upstream: Repository) -> Generator[Site]:
    host = ForgeHost(GitHost(tmp_path / "served"))
    host.git.root.mkdir()
    with served_forge(host) as address:
        yield Site(host, address, upstream, "github")


@pytest.fixture
def other(tmp_path: Path, git: str) -> Generator[Site]:
    """Another forge."""
    host = ForgeHost(GitHost(tmp_path / "elsewhere"))
    host.git.root.mkdir()
    with served_forge(host) as address:
        yield Site(host, address, Repository(tmp_path / "another"), "github")
