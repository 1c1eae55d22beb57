"""The cached copy of a repository: bare, shared by all checks and pulls of this worker, one user at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager

from pikoci.internal.worker.caches import in_use
from pikoci.internal.worker.execution.removal import remove_tree
from pikoci.internal.worker.resources.git.program import Git
from pikoci.internal.worker.resources.git.source import GitSource
from pikoci.internal.worker.resources.model import ResourceCall


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
        with in_use(self.path, self._scope, alone=True):
            self._prepare()
            yield

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
