"""How long a large pipeline file takes to lex, to parse, and to become a pipeline: checked, evaluated, expanded.

`python -m tests.bench.bench_hcl` prints a table, with `--json` one JSON object. The aim: a file of 1,000 jobs, which
uses all of the language, is a pipeline in 0.6 s.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from pikoci.internal.pipeline.load import Loaded, load
from pikoci.pkg.hcl import parse
from pikoci.pkg.hcl.diagnostics import Source
from pikoci.pkg.hcl.lexer import lex
from tests.bench import large_pipeline

_NOW = datetime(2025, 1, 1, tzinfo=UTC)


def loaded(text: str) -> Loaded:
    """What becomes of a file; exits if it is wrong."""
    found = load(text, large_pipeline.VARIABLES, now=_NOW)
    if found.spec is None:
        raise SystemExit(f"the generated file is wrong: {found.diagnostics[0]}")
    return found


def best_of(rounds: int, work: Callable[[], object]) -> dict[str, float]:
    """Time some work several times; seconds."""
    taken = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return {"best": min(taken), "median": statistics.median(taken), "worst": max(taken)}


def measure(text: str, rounds: int) -> dict[str, dict[str, float]]:
    """Time lexing, parsing (with lexing), and all that setting a pipeline does with its file."""
    return {
        "lex": best_of(rounds, lambda: lex(Source(text))),
        "parse": best_of(rounds, lambda: parse(text)),
        "load": best_of(rounds, lambda: loaded(text)),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000, help="in tens")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    text = large_pipeline.source(options.jobs)
    spec = loaded(text).spec
    lines, expanded = text.count("\n"), len(spec.jobs) if spec else 0
    figures = measure(text, options.rounds)
    if options.json:
        counts = {"jobs": options.jobs, "expanded": expanded, "lines": lines}
        sys.stdout.write(json.dumps({**counts, "seconds": figures}) + "\n")
        return
    sys.stdout.write(f"{options.jobs:,} jobs ({expanded:,} expanded), {lines:,} lines; seconds of")
    sys.stdout.write(f" {options.rounds} rounds\n{'':20}{'best':>10}{'median':>10}{'worst':>10}\n")
    for name, row in figures.items():
        sys.stdout.write(f"{name:20}" + "".join(f"{value:10.3f}" for value in row.values()) + "\n")


if __name__ == "__main__":
    main()
