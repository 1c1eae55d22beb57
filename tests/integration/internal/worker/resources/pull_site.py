"""A forge with a repository, and a resource that follows its pull requests."""

from __future__ import annotations

from typing import Any

from pikoci.internal.domain.plan import Resource
from tests.integration.internal.worker.resources.upstream import Repository
from tests.services.forge import PROJECT, ForgeHost, OpenPull

TOKEN = "t0ken-very-secret"
REFS = {"github": "refs/pull/{}/head", "gitlab": "refs/merge-requests/{}/head", "gitea": "refs/pull/{}/head"}


class Site:
    """A forge with one repository, `main` of which has a commit, and a resource that follows its pull requests."""

    def __init__(self, host: ForgeHost, address: str, upstream: Repository, provider: str) -> None:
        self.host, self.address, self.upstream, self.provider = host, address, upstream, provider
        self.served = host.git.root / f"{PROJECT}.git"
        self.first = upstream.commit("file", "first", "first")
        upstream.run("clone", "-q", "--bare", ".", str(self.served))

    def resource(self, **params: object) -> Resource:
        url = f"{self.address}/{PROJECT}.git"
        return Resource(
            type="git",
            name="repo",
            params={"url": url, "pr": True, "provider": self.provider, "token": TOKEN, **params},
        )

    def open(self, number: int, file: str = "file", message: str = "change it", **fields: Any) -> OpenPull:
        """A new commit beside `main`, offered as a pull request; the older one of this number is closed."""
        self.upstream.run("checkout", "-q", "-B", "work", "main")
        commit = self.upstream.commit(file, f"{number} {message}", message)
        self.publish(number, commit)
        made = OpenPull(number, commit, **fields)
        self.host.pulls = [one for one in self.host.pulls if one.number != number] + [made]
        return made

    def publish(self, number: int, commit: str) -> None:
        ref = REFS[self.provider].format(number)
        self.upstream.run("push", "-q", "-f", str(self.served), f"{commit}:{ref}")
