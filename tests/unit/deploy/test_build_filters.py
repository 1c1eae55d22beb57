"""Filters for the users that builds run as."""

from __future__ import annotations

import pytest

from tests.unit.deploy.collection import plugin

FILTERS = plugin("filter", "pikoci_build").FilterModule().filters()
build_group = FILTERS["pikoci_build_group"]
build_users = FILTERS["pikoci_build_users"]
LONGEST_INSTANCE = "x" * 40


def test_each_slot_has_a_user() -> None:
    instance = {"name": "main", "queues": ["jobs", "checks"], "concurrency": 2}

    assert build_users(instance) == [f"pikoci-build-main-{number}" for number in (1, 2, 3, 4)]


@pytest.mark.parametrize("queues", ["jobs,checks", ["jobs", "checks"]])
def test_queues_may_be_a_list_or_a_text(queues: object) -> None:
    assert len(build_users({"name": "main", "queues": queues, "concurrency": "3"})) == 6


def test_names_fit_into_what_the_system_takes_and_stay_apart() -> None:
    instance = {"name": LONGEST_INSTANCE, "queues": "jobs", "concurrency": 1000}

    assert max(map(len, build_users(instance))) <= 32
    assert build_group(LONGEST_INSTANCE) != build_group(LONGEST_INSTANCE[1:])
