"""What the benchmark of growth goes by: the exponent, and the table of `docs/performance.md`."""

import pytest

from tests.bench.growth.measures import MEASURES
from tests.bench.growth.slope import exponent
from tests.bench.growth.table import DOCUMENT, TableError, allowed

SIZES = [1_000, 10_000, 100_000]
TABLE = """
| row | measure | what grows | allowed |
| --- | --- | --- | ---: |
| A | `one` | builds | 0.3 |
| flat | `other` | jobs | 1.1 |

| x | y |
"""


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ([7.0, 7.0, 7.0], 0.0),
        ([2.0, 20.0, 200.0], 1.0),
        ([2.0, 200.0, 20_000.0], 2.0),
        ([50.0, 50.0, 500.0], 1.0),  # the steepest step counts, not the mean of all
        ([500.0, 50.0, 5.0], -1.0),
    ],
)
def test_the_exponent_is_the_steepest_slope(figures: list[float], expected: float) -> None:
    assert exponent(SIZES, figures, floor=1.0) == pytest.approx(expected)


def test_what_is_below_the_floor_does_not_grow() -> None:
    assert exponent(SIZES, [0.001, 0.9, 0.02], floor=1.0) == 0.0
    assert exponent(SIZES, [0.001, 0.001, 10.0], floor=1.0) == pytest.approx(1.0)


def test_one_size_has_no_slope() -> None:
    assert exponent([10], [5.0], floor=1.0) == 0.0


def test_the_table_is_read() -> None:
    assert allowed(TABLE) == {"one": 0.3, "other": 1.1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "0 tables"),
        (TABLE + TABLE, "2 tables"),
        (TABLE.replace("allowed", "maximum"), "no column 'allowed'"),
        (TABLE.replace("1.1", "steep"), "`other`"),
        (TABLE.replace(" jobs | 1.1 |", ""), "`other`"),
    ],
)
def test_a_table_that_says_nothing_is_an_error(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        allowed(text)


def test_the_documentation_has_a_line_for_each_measure() -> None:
    assert allowed(DOCUMENT.read_text()).keys() == {measure.name for measure in MEASURES}
    assert len(MEASURES) == len({measure.name for measure in MEASURES})
