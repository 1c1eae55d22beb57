"""A build gets the directories that it needs, closed to others, and no more: each costs as much as a statement."""

from __future__ import annotations

import stat
from pathlib import Path

from pikoci.internal.worker.tools.workspace import Workspace


def test_a_build_of_the_worker_s_own_user_has_two_directories_in_one(tmp_path: Path) -> None:
    with Workspace(tmp_path / "builds" / "1-1") as workspace:
        assert sorted(workspace.root.iterdir()) == [workspace.tmp, workspace.work]
        for path in (workspace.root, workspace.work, workspace.tmp):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        made = [workspace.private_path(".out"), workspace.write_private("x", suffix=".sh"), workspace.private_path()]
        assert len(set(made)) == len(made)
        assert not any(path.is_relative_to(workspace.work) for path in made)
