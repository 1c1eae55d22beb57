"""Runs every benchmark, one after another: `python -m tests.bench [--json] [NAME ...]`, a NAME such as `server`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the benchmarks that are named, else all; with --json, print one object with the output of each."""
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--json", action="store_true", help="print one JSON object, a key for each benchmark")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    figures, failed = {}, False
    for name in arguments.names or names:
        command = [sys.executable, "-m", f"tests.bench.bench_{name}", *(["--json"] if arguments.json else [])]
        if not arguments.json:
            print(f"\n{name}", flush=True)
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE if arguments.json else None, text=True)
        failed |= done.returncode != 0
        if arguments.json and done.returncode == 0:
            figures[name] = json.loads(done.stdout)
    if arguments.json:
        print(json.dumps(figures, indent=2))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
