"""Deliveries in the shapes that forges publish."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from pikoci.internal.domain.webhooks.model import Delivery

NOTHING = "0" * 40
OLD, NEW = "1" * 40, "2" * 40


def commit(*modified: str, added: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> dict[str, Any]:
    """One commit of a push, as GitHub, Gitea and GitLab list it."""
    lists = {"added": list(added), "modified": list(modified), "removed": list(removed)}
    return {"id": NEW, "message": "Mend it", "author": {"name": "A", "email": "a@example.com"}, **lists}


def delivery(header: str, event: str, body: object, **headers: str) -> Delivery:
    """A delivery whose event stands in this header."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery({header: event, "content-type": "application/json", **more}, json.dumps(body).encode())


def github(event: str = "push", body: dict[str, Any] | None = None, **fields: Any) -> Delivery:
    """What GitHub posts; by default a push of one commit to `main`."""
    push = {
        "ref": "refs/heads/main",
        "before": OLD,
        "after": NEW,
        "created": False,
        "deleted": False,
        "forced": False,
        "commits": [commit("src/a.py")],
        "head_commit": commit("src/a.py"),
        "repository": {"id": 7, "full_name": "team/app", "default_branch": "main"},
        "sender": {"login": "a"},
    }
    return delivery("x-github-event", event, {**push, **fields} if body is None else body)


def gitea(event: str = "push", body: dict[str, Any] | None = None, **fields: Any) -> Delivery:
    """What Gitea and Forgejo post, who call themselves GitHub, too."""
    push = {
        "ref": "refs/heads/main",
        "before": OLD,
        "after": NEW,
        "compare_url": "https://git.example.com/team/app/compare",
        "commits": [commit("src/a.py")],
        "total_commits": 1,
        "repository": {"id": 7, "full_name": "team/app", "default_branch": "main"},
    }
    found = {**push, **fields} if body is None else body
    return delivery("x-gitea-event", event, found, x_github_event=event, x_gogs_event=event)


def gitlab(event: str = "Push Hook", **fields: Any) -> Delivery:
    """What GitLab posts."""
    push = {
        "object_kind": "push",
        "ref": "refs/heads/main",
        "before": OLD,
        "after": NEW,
        "checkout_sha": NEW,
        "project": {"id": 7, "default_branch": "main"},
        "repository": {"name": "app", "homepage": "https://gitlab.example.com/team/app"},
        "commits": [commit("src/a.py")],
        "total_commits_count": 1,
    }
    return delivery("x-gitlab-event", event, {**push, **fields})


def bitbucket(*changes: dict[str, Any], event: str = "repo:push", main: str | None = "main") -> Delivery:
    """What Bitbucket's cloud posts."""
    branch = {"name": main, "type": "branch"} if main else None
    body = {"push": {"changes": list(changes)}, "repository": {"type": "repository", "mainbranch": branch}}
    return delivery("x-event-key", event, body)


def moved(name: str, kind: str = "branch") -> dict[str, Any]:
    """A change of a branch or tag, as Bitbucket's cloud lists it."""
    return {"new": {"type": kind, "name": name}, "old": {"type": kind, "name": name}, "truncated": False}


def data_center(ref: str, kind: str = "UPDATE", event: str = "repo:refs_changed") -> Delivery:
    """What Bitbucket Data Center posts."""
    change = {"ref": {"id": ref, "displayId": ref.rpartition("/")[2], "type": "BRANCH"}, "refId": ref, "type": kind}
    return delivery("x-event-key", event, {"eventKey": event, "changes": [change]})


def form(found: Delivery) -> Delivery:
    """The same as a form, the other way in which GitHub and Gitea post."""
    headers = {**found.headers, "content-type": "application/x-www-form-urlencoded"}
    return Delivery(headers, urlencode({"payload": found.body.decode()}).encode())


def signed(found: Delivery, header: str, secret: str, prefix: str = "sha256=") -> Delivery:
    """The same with a signature in this header."""
    digest = hmac.new(secret.encode(), found.body, hashlib.sha256).hexdigest()
    return Delivery({**found.headers, header: prefix + digest}, found.body)
