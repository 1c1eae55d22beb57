"""Being told to stop, and telling those inside."""

from __future__ import annotations

import gevent
import pytest

from pikoci.internal.worker.tools.lifetime import BuildControl, Cause, CauseKind, Lifetime, timed_out

CANCELLED = Cause(CauseKind.CANCELLED, "by ann")


def test_the_first_cause_stands() -> None:
    lifetime = Lifetime()
    lifetime.stop(CANCELLED)
    lifetime.stop(timed_out(1))
    assert lifetime.cause is CANCELLED
    assert lifetime.stopped.is_set()


def test_stopping_reaches_those_inside_and_not_those_outside() -> None:
    outer = Lifetime()
    with outer.nested() as inner, inner.nested() as innermost:
        inner.stop(CANCELLED)
        assert innermost.cause is CANCELLED
        assert outer.cause is None


def test_what_is_nested_in_a_stopped_scope_is_stopped() -> None:
    outer = Lifetime()
    outer.stop(CANCELLED)
    with outer.nested() as inner:
        assert inner.cause is CANCELLED


def test_a_time_limit_stops_with_a_reason() -> None:
    with Lifetime().nested(0.01, "the job") as lifetime:
        assert lifetime.stopped.wait(1)
        assert lifetime.cause is not None
        assert (lifetime.cause.kind, lifetime.cause.reason) == (CauseKind.TIMEOUT, "the job timed out after 10ms")


def test_a_time_limit_ends_with_its_scope() -> None:
    with Lifetime().nested(0.01) as lifetime:
        pass
    gevent.sleep(0.02)
    assert lifetime.cause is None


def test_a_callback_comes_at_once_when_it_is_too_late() -> None:
    lifetime, called = Lifetime(), list[int]()
    lifetime.on_stop(lambda: called.append(1))
    assert called == []
    lifetime.stop(CANCELLED)
    lifetime.on_stop(lambda: called.append(2))
    assert called == [1, 2]


def test_cancelling_leaves_time_for_clean_up() -> None:
    control = BuildControl(0.02)
    control.cancel("by ann")
    assert control.plan.cause == CANCELLED
    assert control.cleanup.cause is None
    assert control.cleanup.stopped.wait(1)
    control.release()


def test_cancelling_again_may_shorten_the_clean_up_but_not_lengthen_it() -> None:
    control = BuildControl(60)
    control.cancel("by ann")
    control.cancel("by ann")
    control.cancel("by a signal", 0.01)
    assert control.cleanup.stopped.wait(1)
    assert control.plan.cause == CANCELLED
    control.release()


@pytest.mark.parametrize("stop", [BuildControl.give_back, BuildControl.abandon])
def test_without_a_claim_nothing_is_cleaned_up(stop: object) -> None:
    control = BuildControl(60)
    assert callable(stop)
    stop(control, "why")
    assert control.plan.cause is control.cleanup.cause
    assert control.plan.cause is not None
