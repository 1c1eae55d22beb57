"""Which users builds may run as, and whether this process may make them run so."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

from pikoci.internal.domain.errors import PikociError
from pikoci.internal.worker.users import BuildUser

# linux/capability.h
_NEEDED = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_FOWNER": 3,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
}
_SETTING = "--build-users-group"
_MAKE = (
    "groupadd --system {0}; useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin"
    " --gid {0} {0}-1"
)
_NO_LOGIN = ("nologin", "false")


class BuildUsersError(PikociError):
    """The users for builds cannot be used as they are."""


def find_build_users(group: str) -> tuple[BuildUser, ...]:
    """The members of a group, by name; none for an empty name. Raises BuildUsersError, also if rights are missing."""
    if not group:
        return ()
    try:
        found = grp.getgrnam(group)
    except KeyError as error:
        raise BuildUsersError(
            f"{_SETTING}: this machine has no group {group!r}", hint=f"make it and its users: {_MAKE.format(group)}"
        ) from error
    members = [_member(group, name) for name in found.gr_mem]
    members += [one for one in pwd.getpwall() if one.pw_gid == found.gr_gid]
    by_name = {one.pw_name: one for one in members}
    if not by_name:
        raise BuildUsersError(
            f"{_SETTING}: the group {group} has no members", hint=f"make some users for builds: {_MAKE.format(group)}"
        )
    for one in by_name.values():
        _refuse_unfit(group, one)
    _require_capabilities()
    users = [BuildUser(name=one.pw_name, uid=one.pw_uid, gid=found.gr_gid) for one in by_name.values()]
    return tuple(sorted(users, key=lambda user: user.uid))


def _member(group: str, name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError as error:
        raise BuildUsersError(
            f"{_SETTING}: the group {group} names the user {name!r}, which this machine does not have",
            hint=f"make the user, or take it out of the group: gpasswd --delete {name} {group}",
        ) from error


def _refuse_unfit(group: str, one: pwd.struct_passwd) -> None:
    """All that runs as a build's user is killed, and may do what that user may: it must be nobody's."""
    name = one.pw_name
    if one.pw_uid == 0:
        raise BuildUsersError(f"{_SETTING}: {name} in the group {group} is root", hint="take it out of the group")
    if one.pw_uid == os.getuid():
        raise BuildUsersError(
            f"{_SETTING}: {name} in the group {group} is the worker's own user",
            hint="take it out of the group: builds need users of their own",
        )
    if Path(one.pw_shell).name not in _NO_LOGIN:
        raise BuildUsersError(
            f"{_SETTING}: {name} in the group {group} can log in with {one.pw_shell or '/bin/sh'}, and builds would"
            " kill all that it runs",
            hint=f"take it out of the group, or, if it is for builds only: usermod --shell /usr/sbin/nologin {name}",
        )


def _require_capabilities() -> None:
    """What the worker hands on to its processes: all it has as root, the ambient ones otherwise."""
    field = "CapEff:" if os.geteuid() == 0 else "CapAmb:"
    lines = Path("/proc/thread-self/status").read_text(encoding="utf-8").splitlines()
    held = next(int(line.split()[1], 16) for line in lines if line.startswith(field))
    missing = [name for name, number in _NEEDED.items() if not held >> number & 1]
    if missing:
        raise BuildUsersError(
            f"{_SETTING}: this worker may not act for other users; it lacks {', '.join(missing)}",
            hint=f"run it as root, or with AmbientCapabilities={' '.join(_NEEDED)} CAP_SYS_ADMIN in its systemd unit",
        )
