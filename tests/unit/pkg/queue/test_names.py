"""Queue names fit every broker and stay different."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pikoci.pkg.queue.names import MAX_LENGTH, safe_name

NAMES = st.text(min_size=1, max_size=300).filter(lambda name: all(name.split(".", 1)))


@pytest.mark.parametrize(
    ("queue", "name"),
    [("jobs", "jobs"), ("checks", "checks"), ("jobs.gpu+vpn", "jobs.gpu_2bvpn"), ("jobs.a.b_c", "jobs.a_2eb_5fc")],
)
def test_a_name_stays_readable(queue: str, name: str) -> None:
    assert safe_name(queue) == name


@given(NAMES)
def test_a_name_suits_every_broker(queue: str) -> None:
    name = safe_name(queue)
    assert re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?", name)
    assert len(name) <= MAX_LENGTH


@given(NAMES, NAMES)
def test_different_names_stay_different(one: str, other: str) -> None:
    assume(one != other)
    assert safe_name(one) != safe_name(other)


def test_long_names_that_begin_alike_stay_different() -> None:
    assert safe_name("jobs." + "x" * 300) != safe_name("jobs." + "x" * 301)


@pytest.mark.parametrize("queue", ["", ".", "jobs.", ".gpu"])
def test_an_empty_name_is_refused(queue: str) -> None:
    with pytest.raises(ValueError, match="not a name for a queue"):
        safe_name(queue)
