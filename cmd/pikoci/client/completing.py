"""Completes names by asking the server, if it answers quickly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from pikoci.client.naming import settle
from pikoci.client.session import choose_server, login_store
from pikoci.internal.domain.errors import PikociError
from pikoci.internal.domain.naming import full_name
from pikoci.pkg.client import Client, ClientError, RetryPolicy

_PATIENCE_SECONDS = 1.0
_MOST = 200


def complete_names(ctx: click.Context, kind: str, incomplete: str) -> list[str]:
    """Names of `pipelines`, `jobs`, `builds`, `resources` or a job's `inputs` that begin so, short or long as begun.

    None where the server cannot tell within a second.
    """
    try:
        url, token = choose_server(str(ctx.params.get("url") or ""), login_store())
        with Client(url, token or None, timeout=_PATIENCE_SECONDS, policy=RetryPolicy(attempts=1)) as api:
            found = (name for name in _names(ctx, api, kind, incomplete) if name.startswith(incomplete))
            return list(islice(found, _MOST))
    except (PikociError, ClientError, click.UsageError):
        return []


def _names(ctx: click.Context, api: Client, kind: str, incomplete: str) -> Iterator[str]:
    team, pipeline, job = _told(ctx)
    if kind == "resources":
        yield from (one["name"] for one in api.resources.list(team, pipeline)) if pipeline else ()
    elif kind == "inputs":
        yield from _inputs(api.jobs.get(team, pipeline, job)) if job and pipeline else ()
    elif kind == "pipelines":
        long = "/" in incomplete
        owner = incomplete.partition("/")[0] if long else team
        yield from (full_name(owner if long else "", one["name"]) for one in api.pipelines.list(owner))
    elif kind == "builds" and ("#" in incomplete or (job and pipeline)):
        yield from _builds(api, (team, pipeline, job), incomplete)
    else:
        yield from _jobs(api, (team, pipeline), incomplete)


def _jobs(api: Client, told: tuple[str, str], incomplete: str) -> Iterator[str]:
    team, pipeline = told
    parts = incomplete.split("/")
    if len(parts) == 1 and pipeline:
        yield from (one["name"] for one in api.jobs.list(team, pipeline))
        return
    long = len(parts) == 3
    owner = parts[0] if long else team
    for one in api.pipelines.list(owner):
        yield from (full_name(owner if long else "", one["name"], job["name"]) for job in one["jobs"])


def _builds(api: Client, told: tuple[str, str, str], incomplete: str) -> Iterator[str]:
    front = incomplete.partition("#")[0] if "#" in incomplete else ""
    parts = front.split("/") if front else []
    team, pipeline, job = [*told[: 3 - len(parts)], *parts]
    for one in islice(api.builds.list(team, pipeline, job), _MOST):
        yield f"{front}#{one['number']}" if "#" in incomplete else one["number"]


def _inputs(job: Any) -> Iterator[str]:
    for wanted in job.get("inputs", ()):
        values = ["true", "false"] if wanted["type"] == "bool" else wanted["choices"]
        known = values if wanted["type"] != "list" else []
        yield from (f"{wanted['name']}={value}" for value in known or [""])


def _told(ctx: click.Context) -> tuple[str, str, str]:
    """The team, pipeline and job that the line says already."""
    known = {name: ctx.params.get(name) or "" for name in ("pipeline", "job", "number")}
    found = settle(ctx, {**known, "team": ctx.params.get("team") or "main"}, complete=False)
    return found["team"], found["pipeline"], found["job"]
