"""How long a large pipeline file takes to lex, parse and evaluate.

`python -m tests.bench.bench_hcl` prints a table, with `--json` one JSON object. The aim: 1,000 jobs in under 0.6 s.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from pikoci.pkg.hcl import Attribute, Body, EvalContext, evaluate, keyword, parse, standard_functions
from pikoci.pkg.hcl.diagnostics import Source
from pikoci.pkg.hcl.lexer import lex

HEADER = """\
variable "registry" {
  type    = string
  default = "registry.example.com"
}
variable "channel" {
  type = string
}
"""
JOB = """\
job "build-{number}" {{
  concurrency = {limit}
  timeout     = "30m"
  tags        = ["linux", "${{var.channel}}"]

  get "git" "source-{number}" {{
    trigger = true
    passed  = ["build-{previous}"]
  }}
  task "test" {{
    run "shell" {{
      cmd = <<-EOT
        set -eu
        cd "$WORKDIR/source-{number}"
        make test REGISTRY=${{var.registry}} NUMBER="$BUILD_NUMBER"
      EOT
    }}
  }}
  put "docker" "image-{number}" {{
    repository = "${{var.registry}}/app-{number}:${{lower(var.channel)}}"
  }}
}}
"""
CONTEXT = EvalContext(
    {"var": {"registry": "registry.example.com", "channel": "Stable"}},
    standard_functions(lambda: datetime(2025, 1, 1, tzinfo=UTC)),
)


def source(jobs: int) -> str:
    """Return a pipeline of that many jobs, 22 lines each."""
    parts = (JOB.format(number=number, previous=max(0, number - 1), limit=number % 4) for number in range(jobs))
    return HEADER + "".join(parts)


def evaluate_body(body: Body) -> int:
    """Evaluate every attribute below a body; return how many there are."""
    count = 0
    for item in body.items:
        if not isinstance(item, Attribute):
            count += evaluate_body(item.body)
        elif item.name != "type" or keyword(item.expr) is None:
            problems = evaluate(item.expr, CONTEXT).diagnostics
            if problems:
                raise SystemExit(f"the generated file is wrong: {problems[0]}")
            count += 1
    return count


def best_of(rounds: int, work: Callable[[], object]) -> dict[str, float]:
    """Time some work several times; seconds."""
    taken = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return {"best": min(taken), "median": statistics.median(taken), "worst": max(taken)}


def measure(jobs: int, rounds: int) -> dict[str, dict[str, float]]:
    """Time lexing, parsing (with lexing), evaluating, and parsing and evaluating together."""
    text = source(jobs)
    body, diagnostics = parse(text)
    if diagnostics:
        raise SystemExit(f"the generated file is wrong: {diagnostics[0]}")
    return {
        "lex": best_of(rounds, lambda: lex(Source(text))),
        "parse": best_of(rounds, lambda: parse(text)),
        "evaluate": best_of(rounds, lambda: evaluate_body(body)),
        "parse and evaluate": best_of(rounds, lambda: evaluate_body(parse(text).body)),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    figures = measure(options.jobs, options.rounds)
    lines = source(options.jobs).count("\n")
    if options.json:
        sys.stdout.write(json.dumps({"jobs": options.jobs, "lines": lines, "seconds": figures}) + "\n")
        return
    sys.stdout.write(f"{options.jobs:,} jobs, {lines:,} lines; seconds of {options.rounds} rounds\n")
    sys.stdout.write(f"{'':20}{'best':>10}{'median':>10}{'worst':>10}\n")
    for name, row in figures.items():
        sys.stdout.write(f"{name:20}" + "".join(f"{value:10.3f}" for value in row.values()) + "\n")


if __name__ == "__main__":
    main()
