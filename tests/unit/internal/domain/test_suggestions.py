"""What was probably meant."""

from __future__ import annotations

from pikoci.internal.domain.suggestions import did_you_mean


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("webstie", ["web", "website", "site"]) == 'did you mean "website"?'
    assert did_you_mean("limt", ["cursor", "limit"], mark="`") == "did you mean `limit`?"


def test_nothing_is_said_where_nothing_is_near() -> None:
    assert did_you_mean("zebra", ["website"]) == ""
    assert did_you_mean("website", []) == ""


def test_a_long_name_and_many_known_ones_take_no_time() -> None:
    assert did_you_mean("x" * 61, ["x" * 60]) == ""
    assert did_you_mean("x" * 10_000, ["x" * 9_999]) == ""
    assert did_you_mean("right", (name for name in ["wrong"] * 1000 + ["rigth"])) == ""
