"""`pikoci worker`: a worker on a machine of its own."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pikoci.importing import quick_imports
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.names import SLUG_PATTERN
from pikoci.internal.domain.queues import CHECKS_QUEUE, JOBS_QUEUE
from pikoci.internal.domain.tags import MAX_TAGS, queues_for
from pikoci.pkg.token_claims import token_claims
from pikoci.shared.log import LEVELS, configure_logging
from pikoci.shared.options import (
    Duration,
    NameList,
    build_users_option,
    config_option,
    container_options,
    fs_roots_option,
    setting,
    switch,
    with_options,
)
from pikoci.shared.queue_options import open_queue, queue_options, read_queue_settings

if TYPE_CHECKING:
    from pikoci.internal.worker.settings import WorkerSettings

_QUEUES = (JOBS_QUEUE, CHECKS_QUEUE)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_TAG = re.compile(SLUG_PATTERN, re.ASCII)

_OPTIONS = (
    setting("--pikoci-url", "-u", default="localhost:8080", help="The server's URL; http:// may be left out."),
    queue_options,
    setting("--queues", default="jobs,checks", type=NameList(_QUEUES), help="Which queues to listen on."),
    setting("--concurrency", default=1, type=click.IntRange(1, 1000), help="Jobs, and checks, at once."),
    setting("--drain-timeout", default="10m", type=Duration(), help="Longest wait for running jobs after SIGQUIT."),
    setting("--log-level", default="info", type=click.Choice(list(LEVELS)), help="Least level of what is logged."),
    setting(
        "--worker-token",
        default="",
        secret=True,
        help="Token of `pikoci worker-token`; prefer the variable to the flag.",
    ),
    setting("--name", default="", help="Name of this worker, unique; made up at the first start if not given."),
    setting("--tags", default="", type=NameList(), help="Take work that asks for any of these tags, too."),
    switch("--exclusive-tags", default=False, help="Take no work without tags."),
    setting("--workdir", type=_DIRECTORY, help="Directory of this worker alone [~/.local/state/pikoci/worker]."),
    build_users_option,
    container_options,
    fs_roots_option,
    setting("--cache-max-age", default="720h", type=Duration(), help="Remove caches unused for so long; 0 keeps them."),
    setting("--spool-dir", type=_DIRECTORY, help="Where results wait for a server that is away [WORKDIR/spool]."),
    setting("--health-port", type=click.IntRange(1, 65535), help="Answer GET /healthz on this port."),
    config_option(),
)


@click.command()
@with_options(_OPTIONS)
def worker(**values: Any) -> None:
    """Run the jobs and checks of a server elsewhere.

    SIGQUIT drains: running jobs finish first. SIGTERM and SIGINT cancel them and stop within seconds.

    Example: WORKER_TOKEN=... pikoci worker --pikoci-url http://server:8080 --pubsub-system nats --concurrency 4
    """
    check_settings(values)
    configure_logging(values["log_level"])
    run_worker(values)
    # All is closed. The interpreter's own end takes longer than a drained worker should be waited for.
    logging.shutdown()
    os._exit(0)


def check_settings(values: dict[str, Any]) -> None:
    """Check what no single option can. Raises InvalidError naming the flags."""
    if values["pubsub_system"] == "mem":
        raise InvalidError(
            "--pubsub-system mem works within one process only, and a worker is another one than the server",
            hint="give server and worker the same --pubsub-system: nats, rabbit or kafka",
        )
    if not values["worker_token"]:
        raise InvalidError(
            "--worker-token (WORKER_TOKEN) is missing",
            hint="copy it from the server's log, or make one with `pikoci worker-token`",
        )
    if not values["queues"]:
        raise InvalidError("--queues names no queue", hint="it is jobs, checks, or jobs,checks")
    if values["exclusive_tags"] and not values["tags"]:
        raise InvalidError("--exclusive-tags is for a worker with --tags", hint="give --tags too")
    for tag in values["tags"]:
        if _TAG.fullmatch(tag) is None:
            raise InvalidError(
                f"--tags: {tag[:40]!r} is not a valid tag",
                hint="a tag has lower-case letters, digits and single hyphens",
            )
    if len(values["tags"]) > MAX_TAGS:
        raise InvalidError(f"--tags: a worker has at most {MAX_TAGS} tags", hint="run another worker for the others")


def run_worker(values: dict[str, Any]) -> None:
    """Build the worker and run it to its end. Raises PikociError with one clear message."""
    with quick_imports():
        from random import Random

        from pikoci.internal.domain.clock import SystemClock
        from pikoci.internal.worker.http import HttpGateway
        from pikoci.internal.worker.process import Spawner
        from pikoci.internal.worker.worker import Worker
        from pikoci.worker.process import WorkerProcess

    queue = read_queue_settings(values)
    team = token_team(values["worker_token"])
    queues = {name: queues_for(name, values["tags"], values["exclusive_tags"], team) for name in values["queues"]}
    settings = _settings(values, [name for names in queues.values() for name in names])
    clock = SystemClock()
    backend = open_queue(values["pubsub_system"], queue, settings.name, values["concurrency"])
    gateway = HttpGateway(values["pikoci_url"], values["worker_token"], settings.name, settings.instance)
    try:
        subscriptions = {name: backend.subscribe(names) for name, names in queues.items()}
        made = Worker(gateway, subscriptions, Spawner(settings.mark), settings, clock, Random())
        WorkerProcess(made, settings.name, values["drain_timeout"], clock, values["health_port"]).run()
    finally:
        backend.close()
        gateway.close()


def token_team(token: str) -> str:
    """The team whose work alone the token opens, as it says itself; the server is who checks it. Empty where none."""
    try:
        return str(token_claims(token).get("team", ""))
    except (ValueError, TypeError):
        return ""


def _settings(values: dict[str, Any], queues: Sequence[str]) -> WorkerSettings:
    from pikoci import __version__
    from pikoci.internal.worker.settings import WorkerSettings, container_environment, inherit_environment
    from pikoci.internal.worker.user_group import find_build_users
    from pikoci.worker.identity import begin_start, check_name

    name = values["name"]
    if name:
        check_name(name)
    workdir: Path = values["workdir"] or _default_workdir(name)
    identity = begin_start(workdir, name)
    return WorkerSettings(
        name=identity.name,
        instance=identity.instance,
        version=__version__,
        workdir=workdir,
        spool_dir=values["spool_dir"] or workdir / "spool",
        environment=inherit_environment(os.environ),
        queues=tuple(queues),
        tags=tuple(sorted(values["tags"])),
        concurrency=values["concurrency"],
        build_users=find_build_users(values["build_users_group"]),
        container_program=values["container_program"],
        allow_privileged_containers=values["allow_privileged_containers"],
        container_environment=container_environment(os.environ),
        fs_roots=values["fs_roots"],
        drain_timeout=values["drain_timeout"],
        cache_max_age=values["cache_max_age"],
        loop_patience=0.02,  # the stream of commands waits for ever, and its connection is not needed again
    )


def _default_workdir(name: str) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "pikoci" / (f"worker-{name}" if name else "worker")
