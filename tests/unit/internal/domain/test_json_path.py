"""Paths into JSON documents."""

from __future__ import annotations

import pytest

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.json_path import parse_json_path, value_at

DOCUMENT = {"a": {"b-c": [1, {"d e": "found"}]}, "none": None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('$.a["b-c"][1]["d e"]', "found"),
        ('$["a"].b-c[0]', 1),
        ("$.none", None),
        ("$.x.y", None),
        ("$.a[0]", None),
        ("$.a.b-c[2]", None),
        ("$.a.b-c.d", None),
    ],
)
def test_a_path_leads_to_a_value_or_nowhere(text: str, found: object) -> None:
    assert value_at(parse_json_path(text), DOCUMENT) == found


@pytest.mark.parametrize(
    "text", ["", "$", "a", ".a", "$a", "$.", "$..a", "$.a[*]", "$.a[-1]", "$['a']", "$.a ", "$.a[9999999]"]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="is no path to a value"):
        parse_json_path(text)
