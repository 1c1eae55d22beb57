"""A mirror that belongs to a build user: written anew by the worker, used by the user's own git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from pikoci.internal.worker.resources.git.bare import write_anew
from pikoci.internal.worker.tools.caches import in_use
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.users import BuildUser
from tests.integration.internal.worker.resources.upstream import Repository
from tests.services.requirement import program

USER = BuildUser(name="nobody", uid=65534, gid=65534)
OWNER = (USER.uid, USER.gid)


@pytest.fixture
def root() -> Generator[Path]:
    """A directory that other users may pass."""
    if os.geteuid() != 0:
        pytest.skip("build users need root here")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_user(*command: str | Path, cwd: Path) -> None:
    switch = [program("setpriv", "setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/nonexistent"}
    subprocess.run([*switch, *map(str, command)], cwd=cwd, env=env, check=True)


def test_a_build_users_git_works_in_its_mirror_and_is_not_believed(root: Path, git: str) -> None:
    upstream = Repository(root / "upstream")
    commit = upstream.commit("a")
    bundle = root / "bundle"
    upstream.run("bundle", "create", "-q", str(bundle), "main")
    victim = root / "victim"
    victim.write_text("kept")
    poison = f"ln -sf {victim} config; rm HEAD; ln -s {victim} HEAD; ln {victim} hooks 2>/dev/null || ln -s . hooks"
    for _ in range(2):
        with in_use(root / "cache" / "git" / "a1", Lifetime(), alone=True, user=USER) as mirror:
            write_anew(mirror, OWNER)
            as_user(git, "fetch", "-q", bundle, "+refs/heads/main:refs/heads/main", cwd=mirror)
            as_user(git, "pack-refs", "--all", cwd=mirror)
            as_user(git, "cat-file", "-e", commit, cwd=mirror)
            assert {path.lstat().st_uid for path in mirror.rglob("*")} == {USER.uid}
            as_user("sh", "-c", poison, cwd=mirror)
        with pytest.raises(subprocess.CalledProcessError):
            as_user("ls", mirror, cwd=root)
    assert (victim.read_text(), victim.stat().st_uid) == ("kept", 0)
