"""Users for builds at the start of a worker: what is tried before the first build is taken."""

from __future__ import annotations

import sys
from pathlib import Path

import structlog

from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.process import Invocation, Spawner, User
from pikoci.internal.worker.resources.artifact import unpack
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.commands import Tail
from pikoci.internal.worker.tools.workspace import Workspace
from pikoci.internal.worker.user_group import BuildUsersError
from pikoci.internal.worker.user_pool import UserPool
from pikoci.internal.worker.users import BuildUser, Lender, OwnUser

_log = structlog.get_logger(__name__)
_ERROR_EXCERPT = 500
_TRY_SECONDS = 30.0
_SHARED_DIRECTORIES = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - these are looked for, not used


def lender(settings: WorkerSettings, spawner: Spawner) -> Lender:
    """What lends users by these settings."""
    if not settings.build_users:
        return OwnUser()
    return UserPool(settings.build_users, settings.user_locks, lambda user: spawner.end_user(User(user.uid, user.gid)))


def prepare_users(equipment: Equipment, slots: int) -> bool:
    """Kill what an earlier run left, try the users, and say what they mean; whether they get namespaces of their own.

    Raises BuildUsersError when nothing can run as one of them here.
    """
    if not isinstance(equipment.users, UserPool):
        return False
    equipment.users.prepare()
    settings = equipment.settings
    while (loan := equipment.users.borrow(1.0)) is None:
        if equipment.ending.is_set():
            return False
    try:
        own_places = _try_all(equipment, loan.take_up("the start"))
    finally:
        loan.end_processes()
        loan.give_back()
    places = [str(path) for path in _SHARED_DIRECTORIES if settings.workdir.resolve().is_relative_to(path.resolve())]
    if own_places and places:
        _log.warning(f"builds share {places[0]} with the machine, as the work directory lies in it")
    users = len(settings.build_users)
    _log.info("builds run as users of their own", users=users, jobs_and_checks_at_once=min(users, slots))
    return own_places


def _try_all(equipment: Equipment, user: BuildUser) -> bool:
    """Whether commands can have namespaces of their own. Raises BuildUsersError when they cannot run at all."""
    _try(equipment, user, own_places=False)
    try:
        _try(equipment, user, own_places=True)
    except BuildUsersError as error:
        _log.warning(
            "no namespaces for builds: /tmp, /dev/shm and mounts are shared with the machine",
            error=error.message,
            hint="give the worker CAP_SYS_ADMIN, install it outside of /tmp and /var/tmp, or see docs/security.md",
        )
        return False
    return True


def _try(equipment: Equipment, user: BuildUser, *, own_places: bool) -> None:
    """Run the program's own Python, as artifacts need it, as one of the users in a directory of the worker."""
    settings = equipment.settings
    errors = Tail(_ERROR_EXCERPT)
    with Workspace(settings.workdir / "builds" / "try", user=user) as workspace:
        whom = User(user.uid, user.gid, str(workspace.tmp) if own_places else "")
        argv = [sys.executable, "-I", "-S", "-c", "import sys, tarfile; open(sys.argv[1])", unpack.__file__]
        command = Invocation(argv, workspace.work, dict(settings.environment), user=whom)
        result = equipment.spawner.run(command, errors.write, timeout=_TRY_SECONDS)
    if not result.succeeded:
        raise BuildUsersError(
            f"nothing can run as {user.name} here: {errors.text() or result.describe()}",
            hint="users for builds must be able to enter the directories above the work directory and above the"
            " program, such as /var/lib/pikoci and /opt/pikoci",
        )
