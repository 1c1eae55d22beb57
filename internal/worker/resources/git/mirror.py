"""The cached copy of a repository: bare, shared by all checks and pulls of a team on this worker, one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from gevent import get_hub

from pikoci.internal.worker.resources.git.bare import write_anew
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall
from pikoci.internal.worker.tools.caches import in_use
from pikoci.internal.worker.tools.outcome import StepError
from pikoci.internal.worker.tools.removal import remove_tree

ALL_BRANCHES = "+refs/heads/*:refs/heads/*"
ALL_TAGS = "+refs/tags/*:refs/tags/*"
_DAMAGE = ("cannot lock ref", "bad object", "corrupt", "did not send all necessary objects", "unable to read")

Result = TypeVar("Result")


class Mirror:
    """A bare repository at `path`. Use it only within `locked`.

    Credentials are part of its name, so that nobody reads from a cache what the host would not give them; so is the
    team. Nothing but objects and refs is believed: a build may have written to it.
    """

    def __init__(self, call: ResourceCall, source: GitSource, git: Git) -> None:
        parts = [call.team, source.url, source.username, source.password, source.private_key]
        identity = "\0".join(parts).encode()
        self.path = call.settings.workdir / "cache" / "git" / hashlib.sha256(identity).hexdigest()
        self._call = call
        self._source = source
        self._git = git

    @contextmanager
    def locked(self) -> Generator[None]:
        """Have the mirror alone, also among processes. Makes it if need be, and clears what a killed git left."""
        with in_use(self.path, self._call.lifetime, alone=True, user=self._call.user) as self.path:
            try:
                self._prepare()
            except OSError:
                self.renew()
            yield

    def fetch(self, *refspecs: str) -> None:
        """Bring refs up to date, also when they were forced."""
        self._git.remote(
            "fetch", "--quiet", "--force", "--prune", "--no-tags", "--", self._source.url, *refspecs, cwd=self.path
        )
        self._git.local("pack-refs", "--all", cwd=self.path)  # loose ones are not kept

    def has(self, commit: str) -> bool:
        """Whether a commit is here."""
        return self._git.succeeds("cat-file", "-e", f"{commit}^{{commit}}", cwd=self.path)

    def has_branch(self, branch: str) -> bool:
        """Whether a branch is here, as it was when it was last fetched."""
        return self._git.succeeds("show-ref", "--verify", "--quiet", f"refs/heads/{branch}", cwd=self.path)

    def renew(self) -> None:
        """Start anew within the same lock."""
        remove_tree(self.path)
        self._prepare()

    def mended(self, work: Callable[[], Result]) -> Result:
        """Do `work`; if that shows the mirror to be broken, once more with a new one. Raises what `work` raises."""
        try:
            return work()
        except StepError as error:
            if error.outcome.cause is not None or not _tells_of_damage(error.outcome.reason):
                raise
            self.renew()
            return work()

    def _prepare(self) -> None:
        user = self._call.user
        owner = (user.uid, user.gid) if user is not None else None
        get_hub().threadpool.apply(write_anew, (self.path, owner))


def branch_refspec(branch: str) -> str:
    """What fetches a branch, also when it was forced."""
    return f"+refs/heads/{branch}:refs/heads/{branch}"


def _tells_of_damage(reason: str) -> bool:
    """Whether a failure lies in the mirror: a local command failed, or git names broken objects or clashing refs."""
    local = reason.startswith("git ") and not reason.startswith(("git fetch", "git ls-remote"))
    return local or any(sign in reason for sign in _DAMAGE)
