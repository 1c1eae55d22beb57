"""The measure of a free hub tells a hub that is held from one that waits."""

from collections.abc import Callable

import gevent
import pytest
from gevent import monkey

from tests.contract.pkg.queue.site import HICCUP, READING, hub_stays_free

hold: Callable[[float], None] = monkey.get_original("time", "sleep")


@pytest.mark.parametrize("before", [0.0, 3 * READING])
def test_a_hub_that_is_held_is_noticed(before: float) -> None:
    measure = hub_stays_free()
    measure.__enter__()
    gevent.sleep(before)
    hold(3 * HICCUP)
    with pytest.raises(AssertionError, match="the hub stood still for"):
        measure.__exit__(None, None, None)


def test_a_hub_that_waits_is_free() -> None:
    with hub_stays_free():
        gevent.sleep(2 * HICCUP)
