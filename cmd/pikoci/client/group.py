"""The tree of client commands."""

from __future__ import annotations

import click

from pikoci.client.commands.account import login, logout, password, whoami
from pikoci.client.commands.approvals import approve, reject
from pikoci.client.commands.audit import audit
from pikoci.client.commands.builds import builds
from pikoci.client.commands.fleet import queues, version, worker_tokens, workers
from pikoci.client.commands.jobs import jobs
from pikoci.client.commands.people import teams, users
from pikoci.client.commands.pipelines import pipelines
from pikoci.client.commands.resources import resources
from pikoci.client.commands.secrets import secrets
from pikoci.client.commands.sessions import sessions
from pikoci.client.commands.tokens import tokens


@click.group()
def client() -> None:
    """Talk to a server: pipelines, jobs, builds, resources.

    The server is that of the last login; --url or PIKOCI_URL name another one. A token in PIKOCI_TOKEN stands in for a
    login. Every command takes --output json.

    Example: pikoci client login --url https://ci.example.com

    Example: pikoci client jobs trigger -p app -j test --follow
    """


for _command in (approve, reject):
    builds.add_command(_command)
for _command in (
    login,
    logout,
    whoami,
    password,
    pipelines,
    jobs,
    builds,
    resources,
    secrets,
    workers,
    worker_tokens,
    queues,
    users,
    teams,
    audit,
    tokens,
    sessions,
    version,
):
    client.add_command(_command)
