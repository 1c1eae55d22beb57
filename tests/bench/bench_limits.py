"""What reading takes at most: files that were made to be slow or large, each read in a process of its own.

`python -m tests.bench.bench_limits` prints a table, with `--json` one JSON object. The aim: none takes more than five
seconds of a processor and 300 MiB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pikoci.internal.pipeline import load

FILE = 4 * 1024 * 1024 - 1024
CLEAR = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")


def repeated(piece: str, size: int = FILE) -> str:
    """Return a text of about that many bytes."""
    return piece * (size // len(piece.encode()))


def jobs(command: str, count: int, variable: str = "") -> str:
    """Return a file of jobs that run a command, which may use the variable `v`."""
    block = 'job "j%d" {\n  task "t" {\n    run "shell" {\n      cmd = %s\n    }\n  }\n}\n'
    return f'variable "v" {{\n  default = "{variable}"\n}}\n' + "".join(
        block % (number, command) for number in range(count)
    )


def matrix(inside: str) -> str:
    """Return a file of one job that stands for 10,000."""
    return f'job "j" {{\n  matrix {{\n    a = range(100)\n    b = range(100)\n  }}\n{inside}\n}}\n'


def tasks(count: int) -> str:
    """Return that many tasks which use the key."""
    task = '  task "t%d" {\n    run "shell" {\n      cmd = each.key\n    }\n  }\n'
    return "".join(task % number for number in range(count))


LONG = "x" * 900_000
CASES: dict[str, Callable[[], str]] = {
    "4 MiB of wrong characters": lambda: repeated("'\n"),
    "4 MiB of closing braces": lambda: repeated("}\n"),
    "4 MiB of wrong escapes": lambda: f'a = "{repeated(chr(92) + "q")}"\n',
    "300,000 tokens of a list": lambda: jobs(f"[{repeated('a,', 296_000)}][0]", 1),
    "300,000 tokens of sums": lambda: jobs(f'"${{1{repeated("+1", 298_000)}}}"', 1),
    "a heredoc of 2,000,000 lines": lambda: jobs(f"<<-E\n{repeated('a' + chr(10))}E", 1),
    "2,000,000 marks on a letter": lambda: jobs(f'"e{repeated(chr(0x301) + chr(0x323))}"', 1),
    "6,600 jobs": lambda: jobs('"x"', 6_600),
    "6,600 jobs, 5.9 GB of a variable": lambda: jobs("var.v", 6_600, LONG),
    "6,600 jobs, 5.9 GB of upper case": lambda: jobs('replace(upper(var.v), "X", "")', 6_600, LONG),
    "6,600 jobs, each a hard pattern": lambda: jobs('length(regexall("(x+x+)+y", var.v)) > 0 ? "a" : "b"', 6_600, LONG),
    "900,000 rounds of a loop": lambda: jobs('"${[for a in range(900) : [for b in range(100) : b * b]][0][0]}"', 10),
    "10,000 jobs of a matrix": lambda: matrix(tasks(1)),
    "10,000 jobs of a matrix, 4 tasks": lambda: matrix(tasks(4)),
    "10,000 jobs of a matrix, 40 tasks": lambda: matrix(tasks(40)),
    "rows of CSV, 200 times": lambda: jobs(
        'length(csvdecode(replace(var.v, "x", "a\\n"))) > 0 ? "a" : "b"', 200, LONG[:99_000]
    ),
}


def measure(name: str) -> dict[str, float]:
    """Read the file of a case in this process; seconds of a processor, MiB above what the process had."""
    text = CASES[name]()
    load('job "j" {}', now=datetime.now(UTC))
    CLEAR.write_text("5", encoding="ascii")  # forget the greatest size so far
    before, start = _peak(), time.process_time()
    load(text, now=datetime.now(UTC))
    return {"seconds": time.process_time() - start, "mebibytes": (_peak() - before) / 1024}


def _peak() -> int:
    line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


def main() -> int:
    """Print the figures; the status is 1 if one is beyond the aim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--case", choices=CASES, help="measure one, and print its figures as JSON")
    options = parser.parse_args()
    if options.case:
        sys.stdout.write(json.dumps(measure(options.case)) + "\n")
        return 0
    figures: dict[str, dict[str, float]] = {}
    for name in CASES:
        command = [sys.executable, __file__, "--case", name]
        figures[name] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        if not options.json:
            row = figures[name]
            sys.stdout.write(f"{name:36}{row['seconds']:8.2f} s{row['mebibytes']:8.0f} MiB\n")
            sys.stdout.flush()
    if options.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    return int(any(row["seconds"] > 5 or row["mebibytes"] > 300 for row in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
