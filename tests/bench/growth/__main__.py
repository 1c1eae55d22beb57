"""Measures how costs grow, and fails where one grows faster than `docs/performance.md` allows.

`python -m tests.bench.growth [--rows A D] [--measures overview] [--sizes 1000 10000] [--databases sqlite] [--json]`.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import argparse  # noqa: E402 - imported after the patch
import gc  # noqa: E402 - as above
import json  # noqa: E402 - as above
import logging  # noqa: E402 - as above
import sys  # noqa: E402 - as above
from collections.abc import Iterator  # noqa: E402 - as above
from contextlib import contextmanager  # noqa: E402 - as above
from dataclasses import asdict, dataclass  # noqa: E402 - as above

from pikoci.shared.log import configure_logging  # noqa: E402 - as above
from tests.bench.growth.cost import FLOORS, Cost, Meter  # noqa: E402 - as above
from tests.bench.growth.measure import Measure  # noqa: E402 - as above
from tests.bench.growth.measures import MEASURES  # noqa: E402 - as above
from tests.bench.growth.site import site  # noqa: E402 - as above
from tests.bench.growth.slope import exponent  # noqa: E402 - as above
from tests.bench.growth.table import DOCUMENT, allowed  # noqa: E402 - as above
from tests.services.postgresql import PostgresqlServer  # noqa: E402 - as above

SIZES = (1_000, 10_000, 100_000)
DATABASES = ("sqlite", "postgresql")
UNITS = {"statements": "", "read": "", "processor": " ms", "stand": " ms", "wall": " ms", "size": " B"}


@dataclass(frozen=True)
class Found:
    """How one measure grew on one database; `steepest` is the figure whose exponent is given."""

    row: str
    measure: str
    database: str
    sizes: list[int]
    costs: list[Cost]
    steepest: str
    exponent: float
    allowed: float

    @property
    def is_too_steep(self) -> bool:
        """Whether it grows faster than it may."""
        return self.exponent > self.allowed

    def json(self) -> str:
        """For machines."""
        return json.dumps(asdict(self) | {"costs": [cost._asdict() for cost in self.costs]})

    def line(self, shown: str) -> str:
        """For people."""
        figures = " / ".join(f"{getattr(cost, shown):,.1f}" for cost in self.costs) + UNITS[shown]
        beside = "" if self.steepest == shown else " / ".join(f"{getattr(c, self.steepest):,.0f}" for c in self.costs)
        told = f"{self.exponent:5.2f} of {self.steepest} {beside}".rstrip()
        mark = "TOO STEEP" if self.is_too_steep else "ok"
        return f"{self.row:4} {self.measure:18} {self.database:10} {figures:32} {told:52} {self.allowed:.2f} {mark}"


@contextmanager
def servers(databases: list[str]) -> Iterator[dict[str, PostgresqlServer | None]]:
    """Where each database is made."""
    server = PostgresqlServer() if "postgresql" in databases else None
    try:
        yield {name: server if name == "postgresql" else None for name in databases}
    finally:
        if server is not None:
            server.close()


def measured(measure: Measure, database: str, server: PostgresqlServer | None, sizes: list[int], limit: float) -> Found:
    """Seed each size on a database of its own and measure."""
    shares = list(dict.fromkeys(max(1, size // measure.share) for size in sizes))
    costs = []
    for size in shares:
        with site(server) as made:
            call = measure.prepare(made, size)
            gc.freeze()
            costs.append(Meter(made.store, server.pid if server else None).median(call, measure.repeats))
            gc.unfreeze()
    slopes = {
        name: exponent(shares, [getattr(cost, name) for cost in costs], getattr(FLOORS, name))
        for name in measure.counted
    }
    steepest = max(slopes, key=lambda name: slopes[name])
    return Found(measure.row, measure.name, database, shares, costs, steepest, slopes[steepest], limit)


def chosen(arguments: argparse.Namespace) -> list[Measure]:
    """The measures that were asked for."""
    rows, names = set(arguments.rows), set(arguments.measures)
    return [one for one in MEASURES if (not rows or one.row in rows) and (not names or one.name in names)]


def main() -> int:
    """Measure, print, and give the exit status: 1 where something grows too fast."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth")
    parser.add_argument("--rows", nargs="+", default=[], choices=sorted({one.row for one in MEASURES}))
    parser.add_argument("--measures", nargs="+", default=[], choices=[one.name for one in MEASURES])
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), help="ascending; 1000000 takes long")
    parser.add_argument("--databases", nargs="+", default=list(DATABASES), choices=DATABASES)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of a table")
    arguments = parser.parse_args()
    configure_logging("error")
    logging.disable(logging.CRITICAL)
    limits = allowed(DOCUMENT.read_text())
    failed = []
    with servers(arguments.databases) as made:
        for measure in chosen(arguments):
            for database in arguments.databases:
                limit = limits[measure.name]
                found = measured(measure, database, made[database], sorted(arguments.sizes), limit)
                failed += [f"row {found.row}, {found.measure} on {database}"] if found.is_too_steep else []
                print(found.json() if arguments.json else found.line(measure.shown), flush=True)
    for name in failed:
        print(f"grows faster than allowed: {name}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
