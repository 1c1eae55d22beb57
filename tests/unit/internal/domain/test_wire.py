"""Which start of a worker came first."""

import pytest

from pikoci.internal.domain.wire import instance_key, is_earlier_start, numbered_instance


def test_starts_of_one_worker_are_ordered_by_number() -> None:
    first, last = numbered_instance("key", 9), numbered_instance("key", 10)
    assert instance_key(first) == "key"
    assert is_earlier_start(first, last)
    assert not is_earlier_start(last, first)
    assert not is_earlier_start(first, first)


@pytest.mark.parametrize(
    ("instance", "other"),
    [
        ("key.s1", "other.s2"),
        ("key.12345678", "key.s2"),
        ("key.s1", "key.12345678"),
        ("key.12345678", "key.12345679"),
        ("key", "key.s1"),
        ("key.s", "key.s1"),
        ("key.s1", "key.s" + "9" * 19),
        ("", ""),
    ],
)
def test_what_cannot_be_ordered_is_not(instance: str, other: str) -> None:
    assert not is_earlier_start(instance, other)
