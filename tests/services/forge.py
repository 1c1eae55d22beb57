"""A forge: a repository over HTTP with its pull requests' newest commits, and the part of its API that lists these.

The answers have the shapes that GitHub, GitLab and Gitea publish, as far as anybody here looks at them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.services.git_http import GitHost, served

PROJECT = "owner/app"
_PATHS = {
    f"/api/v3/repos/{PROJECT}/pulls": ("github", "per_page", "base"),
    f"/api/v4/projects/{PROJECT}/merge_requests": ("gitlab", "per_page", "target_branch"),
    f"/api/v1/repos/{PROJECT}/pulls": ("gitea", "limit", ""),
}
Respond = Callable[[dict[str, Any]], tuple[str, dict[str, str], bytes] | None]


@dataclass
class OpenPull:
    """A pull request as the test sees it. One with `home` False comes from a fork, with None from a deleted one."""

    number: int
    commit: str
    branch: str = "feature"
    base: str = "main"
    title: str = "Change it"
    labels: tuple[str, ...] = ()
    draft: bool = False
    home: bool | None = True

    def github(self) -> dict[str, Any]:
        repository = {True: {"id": 1}, False: {"id": 2}, None: None}[self.home]
        return {
            "number": self.number,
            "title": self.title,
            "draft": self.draft,
            "labels": [{"id": 7, "name": name, "color": "ff0000"} for name in self.labels],
            "head": {"ref": self.branch, "sha": self.commit, "repo": repository},
            "base": {"ref": self.base, "sha": "0" * 40, "repo": {"id": 1}},
            "user": {"login": "somebody"},
            "html_url": "javascript:alert(1)",
        }

    def gitlab(self) -> dict[str, Any]:
        return {
            "iid": self.number,
            "id": 1000 + self.number,
            "title": self.title,
            "draft": self.draft,
            "labels": list(self.labels),
            "sha": self.commit,
            "source_branch": self.branch,
            "target_branch": self.base,
            "source_project_id": {True: 1, False: 2, None: None}[self.home],
            "target_project_id": 1,
        }

    def gitea(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "title": f"WIP: {self.title}" if self.draft else self.title,
            "labels": [{"id": 7, "name": name} for name in self.labels],
            "head": {"ref": self.branch, "sha": self.commit, "repo_id": {True: 1, False: 2, None: 0}[self.home]},
            "base": {"ref": self.base, "sha": "0" * 40, "repo_id": 1},
        }


@dataclass
class ForgeHost:
    """`pulls` are open, the one that was changed last at the end. `respond` may answer in place of the API.

    `asked` has the path, query and headers of each request to the API.
    """

    git: GitHost
    pulls: list[OpenPull] = field(default_factory=list)
    page_size: int = 100
    respond: Respond | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request, of git or to the API."""
        path = unquote(environ["PATH_INFO"])
        if not path.startswith("/api/"):
            return self.git(environ, start)
        self.asked.append({name: value for name, value in environ.items() if isinstance(value, str)})
        given = self.respond(environ) if self.respond else None
        status, headers, body = given or self._page(path, environ)
        start(status, list(headers.items()))
        return [body]

    def _page(self, path: str, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
        if path not in _PATHS:
            return "404 Not Found", {"Content-Type": "application/json"}, b'{"message": "Not Found"}'
        shape, size_name, base_name = _PATHS[path]
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        number, size = int(query["page"]), min(int(query[size_name]), self.page_size)
        newest = [pull for pull in reversed(self.pulls) if query.get(base_name, pull.base) == pull.base]
        items = [getattr(pull, shape)() for pull in newest[(number - 1) * size : number * size]]
        body = json.dumps(items).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        headers = {"Content-Type": "application/json", "ETag": etag}
        if number * size < len(newest):
            headers["Link"] = f'<http://127.0.0.1/?page={number + 1}>; rel="next", <http://127.0.0.1/>; rel="last"'
        if environ.get("HTTP_IF_NONE_MATCH") == etag:
            return "304 Not Modified", headers, b""
        return "200 OK", headers, body


@contextmanager
def served_forge(host: ForgeHost, certificates: Path | None = None) -> Iterator[str]:
    """The address of a forge, while it answers; by https with the server's certificate of a folder, if given."""
    with served(host, certificates) as address:
        yield address
