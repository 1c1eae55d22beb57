"""Users for builds, each lent to one build or check at a time, among all workers of the machine."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from gevent.event import Event

from pikoci.internal.worker.process import ExitResult
from pikoci.internal.worker.user_group import BuildUsersError
from pikoci.internal.worker.users import BuildUser

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 0.1
_RESISTING_SECONDS = 30.0
_REMEMBERED = 10_000
_USED = b"used"

#: Kills all that runs as a user; succeeded when nobody is left.
EndUser = Callable[[BuildUser], ExitResult]


class UserPool:
    """Lends users. A lock, which the kernel drops when its holder dies, keeps other workers of the machine off.

    Whoever borrows a user that was not given back in order first kills what still runs as that user.
    """

    def __init__(self, users: Sequence[BuildUser], locks: Path, end: EndUser) -> None:
        self._users = users
        self._locks = locks
        self._end = end
        self._returned = Event()
        self._idle: dict[BuildUser, BorrowedUser] = {}
        self._last: OrderedDict[str, BuildUser] = OrderedDict()
        self._resisting: dict[BuildUser, float] = {}

    def prepare(self) -> None:
        """Make the directory of the locks, and kill what an earlier run left. Raises BuildUsersError."""
        try:
            self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self._locks.lstat()
        except OSError as error:
            raise BuildUsersError(
                f"the worker cannot use {self._locks}, where it locks users for builds: {error.strerror}",
                hint="make it, for the worker's user alone; in a systemd unit with RuntimeDirectory",
            ) from error
        owners = {user.uid for user in self._users}
        if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022 or found.st_uid in owners:
            raise BuildUsersError(
                f"{self._locks}, where the worker locks users for builds, can be changed by others",
                hint="make it a directory of the worker's user, with mode 0700",
            )
        loans = [self._lock(user, end=True) for user in self._users]
        for loan in filter(None, loans):
            loan.give_back()

    def borrow(self, patience: float) -> BorrowedUser | None:
        """The first user that is free."""
        limit = time.monotonic() + patience
        while True:
            self._returned.clear()
            for user in self._users:
                if loan := self._lock(user):
                    self._idle[user] = loan
                    return loan
            left = limit - time.monotonic()
            if left <= 0:
                return None
            self._returned.wait(min(left, _POLL_SECONDS))

    def exchange(self, loan: BorrowedUser, work: str) -> None:
        """Have the loan be for the user that did this work last, if nobody works as that one, and remember it."""
        self._idle.pop(loan.user, None)
        wanted = self._last.get(work, loan.user)
        if wanted != loan.user and (idle := self._idle.pop(wanted, None)) is not None:
            loan.swap(idle)
            self._idle[idle.user] = idle
        elif wanted != loan.user and (other := self._lock(wanted)) is not None:
            loan.swap(other)
            other.give_back()
        self._last[work] = loan.user
        self._last.move_to_end(work)
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def end(self, user: BuildUser) -> bool:
        """Kill all that runs as the user; tell whether nobody is left."""
        result = self._end(user)
        if not result.succeeded:
            _log.error("processes of a user for builds cannot be killed", user=user.name, error=result.describe())
            self._resisting[user] = time.monotonic() + _RESISTING_SECONDS
        return result.succeeded

    def returned(self, user: BuildUser) -> None:
        """Somebody gave a user back."""
        self._idle.pop(user, None)
        self._returned.set()

    def _lock(self, user: BuildUser, *, end: bool = False) -> BorrowedUser | None:
        """A loan of this user; None while others have it, or what it runs resists. `end` kills in any case."""
        if self._resisting.get(user, 0.0) > time.monotonic():
            return None
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(self._locks / str(user.uid), flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        loan = BorrowedUser(self, user, lock)
        if (end or loan.was_used()) and not loan.clear():
            loan.give_back()
            return None
        return loan


class BorrowedUser:
    """A user, and the lock on it. The lock's file says whether something may still run as the user."""

    def __init__(self, pool: UserPool, user: BuildUser, lock: int) -> None:
        self._pool = pool
        self._user = user
        self._lock = lock

    @property
    def user(self) -> BuildUser:
        """Whom commands run as."""
        return self._user

    def take_up(self, work: str) -> BuildUser:
        """Begin a work, as the user that did it last if that one is free."""
        self._pool.exchange(self, work)
        os.pwrite(self._lock, _USED, 0)
        return self._user

    def end_processes(self) -> bool:
        """Kill all that still runs as the user; if something resists, nobody gets the user until it is gone."""
        return self.clear()

    def give_back(self) -> None:
        """Let others have the user."""
        if self._lock >= 0:
            lock, self._lock = self._lock, -1
            os.close(lock)
            self._pool.returned(self._user)

    def swap(self, other: BorrowedUser) -> None:
        """Take the other loan's user, and let it have this one's."""
        self._user, other._user = other._user, self._user
        self._lock, other._lock = other._lock, self._lock

    def was_used(self) -> bool:
        """Whether the last holder did not make sure that nothing runs."""
        return os.fstat(self._lock).st_size > 0

    def clear(self) -> bool:
        """Kill all that runs as the user, and note that; tell whether nobody is left."""
        if ended := self._pool.end(self._user):
            os.ftruncate(self._lock, 0)
        return ended
