"""Users for builds at the start of a worker: what is tried before the first build is taken."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import structlog

from pikoci.internal.worker.execution.commands import Tail
from pikoci.internal.worker.execution.workspace import Workspace
from pikoci.internal.worker.process import Command, Spawner, User
from pikoci.internal.worker.services import WorkerServices
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.user_group import BuildUsersError
from pikoci.internal.worker.user_pool import Lender, OwnUser, UserPool

_log = structlog.get_logger(__name__)
_ERROR_EXCERPT = 500
_TRY_SECONDS = 30.0
_SHARED_DIRECTORIES = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - these are looked for, not used


def lender(settings: WorkerSettings, spawner: Spawner) -> Lender:
    """What lends users by these settings."""
    if not settings.build_users:
        return OwnUser()
    return UserPool(settings.build_users, settings.user_locks, lambda user: spawner.end_user(User(user.uid, user.gid)))


def prepare_users(services: WorkerServices) -> bool:
    """Kill what an earlier run left, try the users, and say what they mean; whether they get namespaces of their own.

    Raises BuildUsersError when nothing can run as one of them here.
    """
    if not isinstance(services.users, UserPool):
        return False
    services.users.prepare()
    settings = services.settings
    _try(services, "")
    own_places = True
    try:
        _try(services, "own")
    except BuildUsersError as error:
        own_places = False
        _log.warning(
            "no namespaces for builds: /tmp, /dev/shm and mounts are shared with the machine",
            error=error.message,
            hint="give the worker CAP_SYS_ADMIN, or see docs/security.md",
        )
    places = [str(path) for path in _SHARED_DIRECTORIES if settings.workdir.resolve().is_relative_to(path.resolve())]
    if own_places and places:
        _log.warning(f"builds share {places[0]} with the machine, as the work directory lies in it")
    users, slots = len(settings.build_users), settings.concurrency * len(settings.queues)
    at_once = min(users, slots)
    _log.info("builds run as users of their own", users=users, jobs_and_checks_at_once=at_once)
    return own_places


def _try(services: WorkerServices, places: str) -> None:
    """Run the program's own Python, as artifacts need it, as one of the users in a directory of the worker."""
    settings = services.settings
    root = Path(tempfile.mkdtemp(prefix="try-", dir=settings.workdir / "builds"))
    root.rmdir()
    errors = Tail(_ERROR_EXCERPT)
    with Workspace(root, user=settings.build_users[0]) as workspace:
        user = User(settings.build_users[0].uid, settings.build_users[0].gid, places and str(workspace.tmp))
        argv = [sys.executable, "-I", "-S", "-c", "import tarfile"]
        command = Command(argv, workspace.work, dict(settings.environment), user=user)
        result = services.spawner.run(command, errors.write, timeout=_TRY_SECONDS)
    if not result.succeeded:
        raise BuildUsersError(
            f"nothing can run as {settings.build_users[0].name} here: {errors.text() or result.describe()}",
            hint="users for builds must be able to enter the directories above the work directory and above the"
            " program, such as /var/lib/pikoci and /opt/pikoci",
        )
