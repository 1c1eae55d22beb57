"""The time zone of a cron resource."""

from __future__ import annotations

import pytest

from tests.unit.internal.pipeline.loading import Finding, find, run, spec_of, warnings_of


def cron(interval: str, zone: str) -> str:
    line = f'  check_interval = "{interval}"\n' if interval else ""
    return f'resource "cron" "c" {{\n{line}  params {{\n    timezone = "{zone}"\n  }}\n}}\n'


@pytest.mark.parametrize("interval", ["0 18 * * *", "@daily"])
def test_it_becomes_a_part_of_the_interval(interval: str) -> None:
    [resource] = spec_of(cron(interval, "Europe/Berlin")).resources
    assert (resource.check_interval, resource.params) == (f"CRON_TZ=Europe/Berlin {interval}", {})


def test_an_interval_may_name_it_itself() -> None:
    text = 'resource "git" "c" {\n  check_interval = "CRON_TZ=Asia/Tokyo 0 6 * * *"\n  params { url = "u" }\n}\n'
    assert spec_of(text).resources[0].check_interval == "CRON_TZ=Asia/Tokyo 0 6 * * *"


def test_what_is_wrong_with_it_is_told() -> None:
    assert find(cron("0 18 * * *", "Europe/Berlln")) == [
        Finding(
            4,
            16,
            'Wrong value for "timezone"',
            '"Europe/Berlln" is not a time zone.',
            'did you mean "Europe/Berlin"?',
        )
    ]
    assert find(cron("CRON_TZ=UTC 0 18 * * *", "Europe/Berlin")) == [
        Finding(4, 16, "Two time zones", "The check_interval names one, too.", "take one of them out")
    ]
    assert find('resource "git" "c" {\n  check_interval = "CRON_TZ=X 0 6 * * *"\n  params { url = "u" }\n}\n') == [
        Finding(2, 20, 'Wrong value for "check_interval"', any_text=True)
    ]


@pytest.mark.parametrize("interval", ["@every 10m", ""])
def test_where_it_has_no_effect_a_warning_says_so(interval: str) -> None:
    found = warnings_of(cron(interval, "Europe/Berlin"))
    assert "The time zone has no effect" in [one.summary for one in found]


def test_a_zone_without_a_value_yet_is_no_error() -> None:
    text = 'variable "z" {}\n' + cron("0 18 * * *", "${var.z}")
    assert run(text, allow_missing_variables=True).ok
