"""Which events have a resource checked, and why others do not."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.secret_text import SecretReference, compose
from pikoci.internal.domain.webhooks.concern import passed_over
from pikoci.internal.domain.webhooks.model import Change, Event, Ping, PullRequest, Push

PR = PullRequest()
PULL, PUSH = "a pull request is nothing that this resource follows", "a push is nothing that this resource follows"
TAG = "a tag is nothing that this resource follows"
FILE = "no file that this resource follows"
SECRET = compose([SecretReference("x")])


def branch(name: str = "main", *files: str, default: str = "", deleted: bool = False) -> Push:
    """A push of a branch."""
    return Push((Change("branch", name, deleted, frozenset(files) or None),), default)


def tag(name: str, *, deleted: bool = False) -> Push:
    """A push of a tag."""
    return Push((Change("tag", name, deleted),), "main")


@pytest.mark.parametrize(
    ("event", "params", "reason"),
    [
        (Ping(), {}, "a ping"),
        (None, {"branch": "main"}, ""),
        (branch(), {"branch": "main"}, ""),
        (branch("dev"), {"branch": "main"}, "another branch"),
        (branch("main/x"), {"branch": "main"}, "another branch"),
        (branch("dev"), {}, ""),
        (branch("dev", default="main"), {}, "another branch"),
        (branch("main", default="main"), {}, ""),
        (branch("dev", default="main"), {"branch": "dev"}, ""),
        (branch(deleted=True), {"branch": "main"}, "a branch was deleted"),
        (tag("v1"), {"branch": "main"}, TAG),
        (tag("v1"), {"tag": "false"}, TAG),
        (tag("v1"), {"tag": "true"}, ""),
        (tag("v1"), {"tag": True}, ""),
        (tag("v1"), {"tag": "v*"}, ""),
        (tag("w1"), {"tag": "v*"}, "another tag"),
        (tag("v1", deleted=True), {"tag": "v*"}, "a tag was deleted"),
        (branch(), {"tag": "v*"}, "no tag"),
        (branch(), {"tag": "v*", "branch": "main"}, ""),
        (PR, {"branch": "main"}, PULL),
        (PR, {"tag": "v*"}, PULL),
        (PR, {"pr": True}, ""),
        (PR, {"pr": "true"}, ""),
        (PR, {"pr": False}, PULL),
        (branch(), {"pr": True, "branch": "main"}, PUSH),
        (branch("main", "src/a.py"), {"paths": ["src"]}, ""),
        (branch("main", "docs/a.md"), {"paths": ["src"]}, FILE),
        (branch("main", "docs/a.md", "src/a.py"), {"paths": ["src"]}, ""),
        (branch("main", "docs/a.md"), {"ignore_paths": ["*.md"]}, FILE),
        (branch("main", "docs/a.md", "b.py"), {"ignore_paths": ["*.md"]}, ""),
        (branch("main", "src/a.md"), {"paths": ["src"], "ignore_paths": ["*.md"]}, FILE),
        (branch(), {"paths": ["src"]}, ""),
        (branch("main", "docs/a.md"), {"paths": ["[s]rc"]}, ""),
        (branch("main", "docs/a.md"), {"paths": []}, ""),
        (branch("dev"), {"branch": SECRET}, ""),
        (branch("main", "docs/a.md"), {"paths": [SECRET]}, ""),
        (branch("dev"), {"branch": "main", "token": SECRET}, "another branch"),
        (Push(()), {"branch": "main"}, ""),
        (Push((Change("tag", "v1"), Change("branch", "main"))), {"branch": "main"}, ""),
        (Push((Change("tag", "v1"), Change("branch", "dev"))), {"branch": "main"}, TAG),
    ],
)
def test_git(event: Event, params: dict[str, object], reason: str) -> None:
    assert passed_over(event, "git", params) == reason


@pytest.mark.parametrize("builtin", ["", "trigger", "artifact"])
def test_for_all_other_types_every_event_counts_but_a_ping(builtin: str) -> None:
    for event in (None, PR, branch("dev"), tag("v1", deleted=True)):
        assert passed_over(event, builtin, {"branch": "main", "paths": ["src"]}) == ""
    assert passed_over(Ping(), builtin, {}) == "a ping"
