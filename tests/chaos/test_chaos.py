"""The short form of the chaos suite; `make chaos` runs the long one.

Embedded by default; `PIKOCI_TEST_CHAOS=mem,nats,rabbit,kafka` adds servers and workers apart over a broker.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.run import run
from tests.chaos.settings import Settings

SEED = 20
BROKERS = os.environ.get("PIKOCI_TEST_CHAOS", "mem").split(",")


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("broker", BROKERS)
def test_every_promise_is_kept_whatever_breaks(broker: str, tmp_path: Path) -> None:
    settings = Settings(broker=broker, folder=tmp_path / broker, seed=SEED, builds=60, seconds=40.0)
    result = run(settings, print)
    print(result)
    again = f"python -m tests.chaos --broker {broker} --builds 60 --seconds 40 --seed {SEED}"
    assert not result.violations, f"{again} makes the same trouble"
