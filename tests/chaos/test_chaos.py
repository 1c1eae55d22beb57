"""The short form of the chaos suite; `make chaos` runs the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import run
from tests.chaos.settings import Settings
from tests.chaos.world import BROKERS

SEED = 20


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("broker", ["mem", *BROKERS])
def test_every_promise_is_kept_whatever_breaks(broker: str, tmp_path: Path) -> None:
    settings = Settings(broker=broker, folder=tmp_path / broker, seed=SEED, builds=60, seconds=40.0)
    result = run(settings, print)
    print(result)
    again = f"python -m tests.chaos --broker {broker} --builds 60 --seconds 40 --seed {SEED}"
    assert not result.violations, f"{again} makes the same trouble"
