"""What steps see of each other."""

from __future__ import annotations

import pytest

from pikoci.internal.worker.steps.scope import Scope
from pikoci.internal.worker.tools.lifetime import Cause, CauseKind, Lifetime

CANCELLED = Cause(CauseKind.CANCELLED, "by ann")


@pytest.fixture
def scope() -> Scope:
    return Scope(Lifetime(), {"BUILD_ID": "1"})


def test_what_is_exported_inside_is_seen_outside_once_that_ended(scope: Scope) -> None:
    with scope.nested() as inner:
        inner.export({"TASK_A_X": "1"})
        assert inner.variables == {"BUILD_ID": "1", "TASK_A_X": "1"}
        assert scope.variables == {"BUILD_ID": "1"}
    assert scope.variables == {"BUILD_ID": "1", "TASK_A_X": "1"}


def test_scopes_beside_one_another_know_nothing_of_each_other(scope: Scope) -> None:
    with scope.nested() as left, scope.nested() as right:
        left.export({"L": "1"})
        assert "L" not in right.variables
    assert scope.variables == {"BUILD_ID": "1", "L": "1"}


def test_what_was_exported_before_a_failure_is_kept(scope: Scope) -> None:
    def fail() -> None:
        with scope.nested() as inner:
            inner.export({"A": "1"})
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert scope.variables["A"] == "1"


def test_what_is_given_stays_inside(scope: Scope) -> None:
    with scope.nested(given={"BUILD_STATUS": "failed"}) as inner, inner.nested() as innermost:
        assert innermost.variables["BUILD_STATUS"] == "failed"
    assert "BUILD_STATUS" not in scope.variables


def test_a_scope_stops_with_the_one_around_it(scope: Scope) -> None:
    with scope.nested() as inner:
        scope.lifetime.stop(CANCELLED)
        assert inner.cause is CANCELLED


def test_clean_up_ends_with_a_lifetime_of_its_own(scope: Scope) -> None:
    scope.lifetime.stop(CANCELLED)
    with scope.nested(lifetime=Lifetime()) as inner:
        assert inner.cause is None
        inner.export({"A": "1"})
    assert scope.variables["A"] == "1"


def test_env_is_seen_inside_and_the_inner_one_wins() -> None:
    scope = Scope(Lifetime(), {"BUILD_ID": "1"}, {"A": "file", "B": "file"})
    with scope.with_env({"A": "step"}) as inner, inner.nested(env={"B": "hook"}) as innermost:
        inner.export({"TASK_A_X": "1"})
        assert innermost.variables == {"BUILD_ID": "1", "A": "step", "B": "hook"}
        assert inner.variables == {"BUILD_ID": "1", "A": "step", "B": "file", "TASK_A_X": "1"}
        assert inner.known == {"BUILD_ID": "1", "TASK_A_X": "1"}
    assert scope.variables == {"BUILD_ID": "1", "A": "file", "B": "file", "TASK_A_X": "1"}
