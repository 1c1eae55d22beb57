"""Completes names by asking the server, if it answers quickly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from pikoci.client.session import choose_server, login_store
from pikoci.internal.domain.errors import PikociError
from pikoci.pkg.client import Client, ClientError, RetryPolicy

_PATIENCE_SECONDS = 1.0
_MOST = 200


def complete_names(ctx: click.Context, kind: str, incomplete: str) -> list[str]:
    """Names of `pipelines`, `jobs` or `resources` that begin so; none where the server cannot tell within a second."""
    team, pipeline = str(ctx.params.get("team") or "main"), str(ctx.params.get("pipeline") or "")
    if kind != "pipelines" and not pipeline:
        return []
    try:
        url, token = choose_server(str(ctx.params.get("url") or ""), login_store())
        with Client(url, token or None, timeout=_PATIENCE_SECONDS, policy=RetryPolicy(attempts=1)) as api:
            return [
                one["name"]
                for one in islice(_listed(api, kind, team, pipeline), _MOST)
                if one["name"].startswith(incomplete)
            ]
    except (PikociError, ClientError):
        return []


def _listed(api: Client, kind: str, team: str, pipeline: str) -> Iterator[dict[str, Any]]:
    if kind == "pipelines":
        return api.pipelines.list(team)
    return api.jobs.list(team, pipeline) if kind == "jobs" else api.resources.list(team, pipeline)
