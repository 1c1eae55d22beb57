"""The cached copy of a repository: bare, shared by all checks and pulls of this worker, one user at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Generator
from contextlib import contextmanager

from pikoci.internal.worker.execution.outcome import StepError, stopped
from pikoci.internal.worker.execution.removal import remove_tree
from pikoci.internal.worker.execution.scope import Scope
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall

_POLL_SECONDS = 0.02


class Mirror:
    """A bare repository at `path`. Use it only within `locked`.

    Credentials are part of its name, so that nobody reads from a cache what the host would not give them.
    """

    def __init__(self, call: ResourceCall, source: GitSource, git: Git) -> None:
        identity = f"{source.url}\0{source.username}\0{source.password}\0{source.private_key}".encode()
        self.path = call.settings.workdir / "cache" / "git" / hashlib.sha256(identity).hexdigest()
        self._scope = call.scope
        self._source = source
        self._git = git

    @contextmanager
    def locked(self) -> Generator[None]:
        """Have the mirror alone, also among processes. Makes it if need be, and clears what a killed git left."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _wait_for_lock(lock, self._scope)
            self._prepare()
            yield
        finally:
            os.close(lock)

    def fetch(self, *refspecs: str) -> None:
        """Bring refs up to date, also when they were forced."""
        self._git.remote(
            "fetch", "--quiet", "--force", "--prune", "--no-tags", "--", self._source.url, *refspecs, cwd=self.path
        )

    def has(self, commit: str) -> bool:
        """Whether a commit is here."""
        return self._git.succeeds("cat-file", "-e", f"{commit}^{{commit}}", cwd=self.path)

    def drop(self) -> None:
        """Throw away what is broken; the next use starts anew."""
        remove_tree(self.path)

    def renew(self) -> None:
        """Start anew within the same lock."""
        self.drop()
        self._prepare()

    def _prepare(self) -> None:
        if not (self.path / "HEAD").is_file():
            self.drop()
            self._git.local("init", "--quiet", "--bare", str(self.path), cwd=self.path.parent)
            # A shallow pull asks for a commit that need not be the tip of a branch.
            self._git.local("config", "uploadpack.allowAnySHA1InWant", "true", cwd=self.path)
        for stale in (*self.path.glob("*.lock"), *self.path.glob("refs/**/*.lock")):
            stale.unlink(missing_ok=True)


def _wait_for_lock(lock: int, scope: Scope) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if scope.stopped.wait(_POLL_SECONDS) and scope.cause is not None:
                raise StepError(stopped(scope.cause)) from None
        else:
            return
