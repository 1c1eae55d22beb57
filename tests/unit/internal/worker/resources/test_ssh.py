"""The keys of hosts that a team has met: kept for that team, and never changed by a build."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.git.ssh import Ssh
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.tools.workspace import Workspace
from tests.unit.internal.worker.bench_room import settings_for

FIRST = "host.example.com ssh-ed25519 AAAAfirst\n"


def known_after(folder: Path, met: str, team: str = "main") -> str:
    """What ssh is given at first, when it then meets hosts."""
    with Workspace(folder / "build") as workspace:
        call = cast(
            "ResourceCall",
            SimpleNamespace(settings=settings_for(folder), workspace=workspace, team=team, user=None),
        )
        ssh = Ssh(call, GitSource(url="ssh://host.example.com/app"))
        found = re.search(r"UserKnownHostsFile=(\S+)", ssh.command)
        assert found
        copy = Path(found[1])
        given = copy.read_text()
        copy.write_text(given + met)
        ssh.learn()
    return given


def test_a_first_key_is_kept_for_the_team_and_nothing_replaces_it(tmp_path: Path) -> None:
    assert known_after(tmp_path, FIRST) == ""
    assert known_after(tmp_path, "host.example.com ssh-ed25519 AAAAother\n@cert-authority * ssh-rsa AAAA\n") == FIRST
    assert known_after(tmp_path, "[b]:22 ssh-ed25519 AAAA\n") == FIRST
    assert known_after(tmp_path, "") == FIRST + "[b]:22 ssh-ed25519 AAAA\n"
    assert known_after(tmp_path, "", team="other") == ""
