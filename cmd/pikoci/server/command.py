"""`pikoci server`: the flags, and gunicorn around the program."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import click

from pikoci.importing import quick_imports
from pikoci.internal.domain.api_tokens import MAX_LIFETIME
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.limits import MAX_TEAM_WEIGHT, MIN_SECRET
from pikoci.server.listening import listen
from pikoci.server.settings import ServerSettings
from pikoci.shared.addresses import external_url
from pikoci.shared.log import LEVELS, configure_logging
from pikoci.shared.options import (
    Duration,
    NameList,
    Weights,
    build_users_option,
    config_option,
    container_options,
    fs_roots_option,
    setting,
    switch,
    with_options,
)
from pikoci.shared.queue_options import queue_options, read_queue_settings

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
#: A proxy on the server's own machine is believed about the scheme.
LOOPBACK = ("127.0.0.1", "::1")
#: Seconds that a login may last.
MIN_SESSION, MAX_SESSION = 300.0, 365 * 24 * 3600.0
DATABASES = ("mem", "sqlite", "postgresql")

_OPTIONS = (
    setting("--host", default="0.0.0.0", help="Address to listen on."),  # noqa: S104 - workers come from elsewhere
    setting("--port", default=8080, type=click.IntRange(0, 65535), help="Port to listen on."),
    setting(
        "--external-url",
        default="",
        help="Where users reach the server, such as https://example.com/ci; for links, BUILD_URL and sessions.",
    ),
    setting(
        "--trusted-proxies",
        default="",
        type=NameList(),
        help="Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed, with commas between.",
    ),
    setting(
        "--jwt-secret",
        default="",
        secret=True,
        help="Secret that signs tokens; made and kept in the database if not given.",
    ),
    setting(
        "--jwt-secret-previous",
        default="",
        secret=True,
        type=NameList(),
        help="Secrets whose tokens are good still, with commas between.",
    ),
    setting(
        "--secret-key",
        default="",
        secret=True,
        type=NameList(),
        help="Key that encrypts secrets in the database; former ones after it, with commas between.",
    ),
    switch("--secret-key-lost", default=False, help="Give up what is encrypted with keys that are not given."),
    setting(
        "--users",
        default="",
        secret=True,
        type=NameList(),
        help="Administrators as USER:HASH,… (see `pikoci user-password`).",
    ),
    setting("--session-lifetime", default="24h", type=Duration(), help="How long a login lasts; 5m to 8760h."),
    setting(
        "--api-token-lifetime",
        default="8760h",
        type=Duration(),
        help="Longest life of an API token; 0 also allows tokens that never expire.",
    ),
    setting("--db-system", default="mem", type=click.Choice(DATABASES), help="Where the data is kept."),
    setting("--db-host", default="localhost", help="PostgreSQL's host."),
    setting("--db-port", default=5432, type=click.IntRange(1, 65535), help="PostgreSQL's port."),
    setting("--db-user", default="pikoci", help="PostgreSQL's user."),
    setting(
        "--db-password",
        default="",
        secret=True,
        help="PostgreSQL's password; prefer the variable, which `ps` does not show.",
    ),
    setting("--db-name", default="", help="PostgreSQL's database [pikoci], or SQLite's file [pikoci.db]."),
    switch("--run-migrations", default=True, help="Bring the database's schema up to date at the start."),
    queue_options,
    switch("--run-worker", default=True, help="Run an embedded worker inside the server."),
    switch("--log-worker-token", default=True, help="Log a token for workers at the start, without embedded worker."),
    setting("--concurrency", default=1, type=click.IntRange(1, 1000), help="Jobs, and checks, at once in the worker."),
    setting("--drain-timeout", default="10m", type=Duration(), help="Longest wait for running jobs after SIGQUIT."),
    setting(
        "--workdir",
        type=click.Path(file_okay=False, path_type=Path, resolve_path=True),
        help="The embedded worker's directory.",
    ),
    build_users_option,
    container_options,
    fs_roots_option,
    setting("--cache-max-age", default="720h", type=Duration(), help="Remove caches unused for so long; 0 keeps them."),
    setting("--team", default="main", help="Team of --pipeline-name."),
    setting("--pipeline-name", default="", help="Create or update this pipeline at the start…"),
    setting("--pipeline-config", type=EXISTING_FILE, help="… from this file …"),
    setting("--vars", type=EXISTING_FILE, help="… with the variables of this JSON file."),
    setting("--heartbeat-interval", default="5s", type=Duration(), help="How often workers renew their leases."),
    setting("--lease", default="30s", type=Duration(), help="When a silent worker's builds are taken back."),
    setting("--max-requeues", default=3, type=click.IntRange(0, 100), help="Attempts after a build lost its worker."),
    setting(
        "--team-weights",
        default="",
        type=Weights(MAX_TEAM_WEIGHT),
        help="Turns of teams where builds wait for a worker, as TEAM=WEIGHT,…; 1 if not given.",
    ),
    setting("--check-timeout", default="1h", type=Duration(), help="Longest run of one resource check."),
    setting("--log-retention", default="0", type=Duration(), help="Delete logs of builds older than this; 0 keeps."),
    setting("--build-retention-age", default="0", type=Duration(), help="Delete builds older than this; 0 keeps."),
    setting("--build-retention-count", default=0, type=click.IntRange(0), help="Builds kept of each job; 0 keeps all."),
    setting(
        "--audit-retention",
        default="9600h",
        type=Duration(),
        help="Delete entries of the audit log older than this; 0 keeps.",
    ),
    setting(
        "--audit-log",
        default="",
        help="Also write each entry of the audit log to this file as a line of JSON; - is standard output.",
    ),
    setting("--log-limit", default=256, type=click.IntRange(1), help="MiB kept of a build's log, beside steps' ends."),
    setting("--artifact-limit", default=1024, type=click.IntRange(1), help="MiB that one artifact may have."),
    switch(
        "--allow-private-sources", default=False, help="Fetch definitions for pipelines from private addresses, too."
    ),
    setting("--log-level", default="info", type=click.Choice(list(LEVELS)), help="Least level of what is logged."),
    config_option(),
)


@click.command()
@with_options(_OPTIONS)
def server(**values: Any) -> None:
    """Serve the API and the pages, schedule, and run an embedded worker.

    SIGQUIT drains: running jobs finish first. SIGTERM and SIGINT cancel them and stop within seconds.

    Example: pikoci server --db-system sqlite --pipeline-name hello --pipeline-config configs/pipelines/hello.hcl
    """
    settings = read_settings(values)
    configure_logging(settings.log_level)
    with quick_imports():
        from pikoci.server.application import Application
        from pikoci.server.gunicorn_server import PikociApplication

    listener = listen(settings.host, settings.port)
    options = {
        "bind": f"fd://{listener.fileno()}",
        "workers": 1,
        "worker_connections": 10_000,
        "timeout": 120,
        "graceful_timeout": 5,
        "logger_class": "pikoci.server.gunicorn_log.GunicornLogger",
        "proc_name": "pikoci",
        "forwarded_allow_ips": ",".join((*LOOPBACK, *settings.trusted_proxies)),
        "limit_request_line": 8190,
        "forwarder_headers": "",
    }
    PikociApplication(lambda: Application(settings), options, settings.drain_timeout).run()


def read_settings(values: dict[str, Any]) -> ServerSettings:
    """Check what no single option can, and give the settings.

    Raises InvalidError naming the flags that do not go together.
    """
    if not values["run_worker"] and values["pubsub_system"] == "mem":
        raise InvalidError(
            "--run-worker=false needs a queue that other processes can reach, and --pubsub-system is mem",
            hint="leave --run-worker on, or choose nats, rabbit or kafka",
        )
    if bool(values["pipeline_name"]) != bool(values["pipeline_config"]):
        raise InvalidError("--pipeline-name and --pipeline-config go together", hint="give both, or neither")
    if values["vars"] and not values["pipeline_config"]:
        raise InvalidError("--vars is for a pipeline", hint="give --pipeline-name and --pipeline-config too")
    if values["lease"] < 3 * values["heartbeat_interval"]:
        raise InvalidError("--lease must be at least three times --heartbeat-interval", hint="try 30s and 5s")
    if not MIN_SESSION <= values["session_lifetime"] <= MAX_SESSION:
        raise InvalidError("--session-lifetime must be at least 5m and at most 8760h", hint="24h is a good one")
    if values["api_token_lifetime"] > MAX_LIFETIME:
        raise InvalidError("--api-token-lifetime is too long", hint="0 sets no bound")
    values["external_url"] = external_url(values["external_url"])
    values["host"] = values["host"].removeprefix("[").removesuffix("]")
    _check_secrets(values["jwt_secret_previous"])
    _check_keys(values["secret_key"])
    _check_networks(values["trusted_proxies"])
    values["db_name"] = values["db_name"] or ("pikoci.db" if values["db_system"] == "sqlite" else "pikoci")
    values["log_limit"] *= 1024 * 1024
    values["artifact_limit"] *= 1024 * 1024
    return ServerSettings(queue=read_queue_settings(values), **values)


def _check_secrets(previous: Sequence[str]) -> None:
    """Refuse what looks like one secret with a comma in it: its parts would be secrets that can be guessed."""
    if len(previous) > 1 and min(len(secret.encode()) for secret in previous) < MIN_SECRET:
        raise InvalidError(
            f"--jwt-secret-previous: one of several secrets has fewer than {MIN_SECRET} bytes",
            hint="a comma separates secrets; one with a comma in it fits only into a list of the --config file",
        )


def _check_keys(keys: Sequence[str]) -> None:
    if any(len(key.encode(errors="surrogateescape")) < MIN_SECRET for key in keys):
        raise InvalidError(
            f"--secret-key: {'one of the keys' if len(keys) > 1 else 'it'} has fewer than {MIN_SECRET} bytes",
            hint="make one with `openssl rand -base64 48`; a comma separates keys",
        )


def _check_networks(proxies: Sequence[str]) -> None:
    for proxy in proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise InvalidError(
                f"--trusted-proxies: {error}", hint="write addresses, or networks such as 10.0.0.0/24"
            ) from error
