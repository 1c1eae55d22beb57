"""Reads deliveries, by the headers that tell which forge sends them."""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from pikoci.internal.domain.webhooks import bitbucket, pushes
from pikoci.internal.domain.webhooks.model import Delivery, Event, Ping, PullRequest

#: In this order: Gitea and its kin call themselves GitHub, too.
_GITEA = ("x-forgejo-event", "x-gitea-event", "x-gogs-event")
_GITHUB, _GITLAB, _BITBUCKET = "x-github-event", "x-gitlab-event", "x-event-key"
#: Headers that tell what a delivery is.
TELLING = (*_GITEA, _GITHUB, _GITLAB, _BITBUCKET, "content-type")

_FORM = "application/x-www-form-urlencoded"
_GITLAB_PUSHES = {"Push Hook", "Tag Push Hook"}


def read_event(delivery: Delivery) -> Event:
    """What the delivery tells. Never raises: None where it is not understood."""
    try:
        return _read(delivery)
    # However it is broken, nested or made of wrong kinds, it is no event that anybody knows.
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
        return None


def _read(delivery: Delivery) -> Event:
    for header in _GITEA:
        if name := delivery.header(header):
            return _of_github(name, delivery, pushes.GITEA)
    if name := delivery.header(_GITHUB):
        return _of_github(name, delivery, pushes.GITHUB)
    if name := delivery.header(_GITLAB):
        return _of_gitlab(name, delivery)
    if name := delivery.header(_BITBUCKET):
        return bitbucket.read(name, _json(delivery))
    return None


def _of_github(name: str, delivery: Delivery, forge: pushes.Forge) -> Event:
    if name == "ping":
        return Ping()
    if name == "push":
        return pushes.read_push(_json(delivery), forge)
    if name in {"create", "delete"}:
        return pushes.read_ref(_json(delivery), deleted=name == "delete")
    return PullRequest() if name == "pull_request" or name.startswith("pull_request_") else None


def _of_gitlab(name: str, delivery: Delivery) -> Event:
    if name == "Merge Request Hook":
        return PullRequest()
    return pushes.read_push(_json(delivery), pushes.GITLAB) if name in _GITLAB_PUSHES else None


def _json(delivery: Delivery) -> bytes:
    """The JSON of a delivery, of which a form holds it as `payload`."""
    if delivery.header("content-type").partition(";")[0].strip().lower() != _FORM:
        return delivery.body
    fields = parse_qs(delivery.body.decode("ascii"), strict_parsing=True, max_num_fields=4, errors="strict")
    return fields["payload"][0].encode() if "payload" in fields else b""
