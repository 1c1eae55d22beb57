"""Fetches what another run of a build needs, with the login that the client has."""

from __future__ import annotations

import msgspec

from pikoci.client.errors import Credentials, clear_errors
from pikoci.client.session import choose_server, login_store
from pikoci.internal.domain.errors import InvalidError, NotFoundError
from pikoci.internal.domain.naming import full_name, parse_name
from pikoci.pkg.client import Client
from pikoci.shared.server_build import ServerBuild


def fetch_build(name: str, url: str) -> ServerBuild:
    """The build that `[TEAM/]PIPELINE/JOB[#NUMBER]` names, the job's newest one without a number.

    Raises InvalidError for what is no such name, NotFoundError, and what the server's refusals become.
    """
    found = parse_name(name, "build")
    if not found.pipeline or not found.job:
        raise InvalidError(
            f"{name[:80]!r} does not name a build", hint="write PIPELINE/JOB#NUMBER, such as app/test#12"
        )
    team = found.team or "main"
    with clear_errors(url):
        chosen, token = choose_server(url, login_store())
    with clear_errors(chosen, Credentials.LOGIN if token else Credentials.NONE), Client(chosen, token or None) as api:
        number = found.number or _newest(api, team, found.pipeline, found.job)
        answer = api.builds.reproduction(team, found.pipeline, found.job, number)
        told = {"team": team, "pipeline": found.pipeline, "job": found.job, "number": number, **answer}
        try:
            return msgspec.convert({name: told[name] for name in ServerBuild.__struct_fields__}, ServerBuild)
        except msgspec.ValidationError as error:
            raise TypeError(str(error)) from error


def _newest(api: Client, team: str, pipeline: str, job: str) -> str:
    latest = api.jobs.get(team, pipeline, job)["latest"]
    if latest is None:
        raise NotFoundError(f"{full_name(team, pipeline, job)} has no builds yet")
    return str(latest["number"])
