"""Users that are lent to one build or check at a time, among all workers of a machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gevent
import pytest

from pikoci.internal.worker.process import ExitResult, Reason
from pikoci.internal.worker.user_group import BuildUsersError
from pikoci.internal.worker.user_pool import BorrowedUser, UserPool
from pikoci.internal.worker.users import BuildUser

USERS = tuple(BuildUser(name=f"u{number}", uid=700_000 + number, gid=700_000) for number in range(3))

HOLDER = """
import sys
from pathlib import Path
from pikoci.internal.worker.process import ExitResult, Reason
from pikoci.internal.worker.user_pool import UserPool
from pikoci.internal.worker.users import BuildUser
user = BuildUser(name="u0", uid=700000, gid=700000)
pool = UserPool([user], Path(sys.argv[1]), lambda _: ExitResult(Reason.EXITED, exit_code=0))
print(pool.borrow(0).take_up("work").name, flush=True)
sys.stdin.read()
"""


class Bench:
    """A pool, what it ended, and who resists."""

    def __init__(self, locks: Path, users: tuple[BuildUser, ...] = USERS) -> None:
        self.ended: list[str] = []
        self.resisting: set[str] = set()
        self.pool = UserPool(users, locks, self._end)
        self.pool.prepare()
        self.ended.clear()

    def _end(self, user: BuildUser) -> ExitResult:
        self.ended.append(user.name)
        return ExitResult(Reason.EXITED, exit_code=1 if user.name in self.resisting else 0)

    def borrow(self, patience: float = 0.0) -> BorrowedUser:
        loan = self.pool.borrow(patience)
        assert isinstance(loan, BorrowedUser)
        return loan


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    return tmp_path / "locks"


def test_two_workers_never_share_a_user(locks: Path) -> None:
    one, other = Bench(locks), Bench(locks)
    loans = [one.borrow(), other.borrow(), one.borrow()]
    assert {loan.user for loan in loans} == set(USERS)
    assert other.pool.borrow(0.0) is None
    loans[0].give_back()
    assert other.borrow().user == USERS[0]


def test_who_waits_gets_what_is_given_back(locks: Path) -> None:
    bench = Bench(locks, USERS[:1])
    loan = bench.borrow()
    waiting = gevent.spawn(bench.borrow, 30.0)
    gevent.sleep(0)
    loan.give_back()
    loan.give_back()
    assert waiting.get(timeout=10).user == USERS[0]


def test_after_a_holder_was_killed_the_next_one_kills_first(locks: Path) -> None:
    bench = Bench(locks, USERS[:1])
    command = [sys.executable, "-c", HOLDER, str(locks)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"u0\n"
        assert bench.pool.borrow(0.0) is None
        holder.kill()
    loan = bench.borrow()
    assert bench.ended == ["u0"]
    loan.give_back()
    bench.borrow()
    assert bench.ended == ["u0"]


def test_a_user_whose_processes_resist_is_lent_to_nobody(locks: Path) -> None:
    bench = Bench(locks, USERS[:2])
    loan = bench.borrow()
    loan.take_up("work")
    bench.resisting.add(loan.user.name)
    loan.end_processes()
    loan.give_back()
    assert bench.borrow().user == USERS[1]
    assert bench.pool.borrow(0.0) is None
    assert Bench(locks, USERS[:1]).borrow().user == USERS[0]  # where it can be killed at last


def test_a_work_prefers_the_user_that_did_it_last(locks: Path) -> None:
    bench = Bench(locks)
    first, second = bench.borrow(), bench.borrow()
    first.take_up("one")
    second.take_up("two")
    for loan in (first, second):
        loan.end_processes()
        loan.give_back()
    again = bench.borrow()
    assert again.user == USERS[0]
    assert again.take_up("two") == USERS[1]
    assert bench.borrow().user == USERS[0]  # the one that it had first is free again


def test_a_user_that_only_waits_for_work_is_exchanged(locks: Path) -> None:
    bench = Bench(locks, USERS[:2])
    loan = bench.borrow()
    loan.take_up("one")
    loan.give_back()
    idle, next_one = bench.borrow(), bench.borrow()
    assert (idle.user, next_one.user) == USERS[:2]
    assert next_one.take_up("one") == USERS[0]
    assert idle.user == USERS[1]


def test_locks_that_others_can_change_are_refused(locks: Path) -> None:
    locks.mkdir()
    locks.chmod(0o777)
    with pytest.raises(BuildUsersError, match="can be changed by others"):
        Bench(locks)
