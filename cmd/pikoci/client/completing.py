"""Completes names by asking the server, if it answers quickly."""

from __future__ import annotations

import os

import click

from pikoci.client.api import Api
from pikoci.client.logins import LoginStore, config_directory
from pikoci.client.session import TOKEN_VARIABLE
from pikoci.client.urls import DEFAULT_URL, normal_url, path_of
from pikoci.internal.domain.errors import PikociError

_PATIENCE_SECONDS = 1.0


def complete_names(ctx: click.Context, kind: str, incomplete: str) -> list[str]:
    """Names of `pipelines`, `jobs` or `resources` that begin so; none where the server cannot tell within a second."""
    team, pipeline = str(ctx.params.get("team") or "main"), str(ctx.params.get("pipeline") or "")
    if kind != "pipelines" and not pipeline:
        return []
    below = [] if kind == "pipelines" else [pipeline, kind]
    try:
        known = LoginStore(config_directory(os.environ)).load()
        url = normal_url(ctx.params.get("url") or os.environ.get("PIKOCI_URL") or known.current or DEFAULT_URL)
        login = known.servers.get(url)
        token = os.environ.get(TOKEN_VARIABLE) or (login.token if login else "")
        with Api(url, token, patience_seconds=_PATIENCE_SECONDS) as api:
            items = api.get(path_of("teams", team, "pipelines", *below), limit=200)["items"]
    except PikociError:
        return []
    return [one["name"] for one in items if one["name"].startswith(incomplete)]
