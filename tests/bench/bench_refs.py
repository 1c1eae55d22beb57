"""What a check of a repository with very many refs costs, beside `git ls-remote` of the same repository.

`python -m tests.bench.bench_refs [--json] [--refs N] [--count N]` measures checks that find nothing new, each from its
message to its result, in ms: of a branch among 50,000, and of 50,000 tags. A check may take 1.5 times as long.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from pikoci.cooperative import make_cooperative

make_cooperative()

import structlog  # noqa: E402 - imported after the patch

from pikoci.internal.domain.gateway import WorkerTerms  # noqa: E402 - as above
from pikoci.internal.domain.plan import Resource, ResourceType  # noqa: E402 - as above
from tests.unit.internal.worker.bench_room import Room, worker_room  # noqa: E402 - as above
from tests.unit.internal.worker.fake_gateway import FakeGateway  # noqa: E402 - as above

REFS, LIMIT = 50_000, 1.5


def repository(folder: Path, kind: str, refs: int) -> Path:
    """A bare repository with one commit, and so many refs of a kind, `heads` or `tags`."""
    path = folder / f"{kind}.git"

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=b", "-c", "user.email=b@example.org"]
        done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q", "--bare", "-b", "main", str(path))
    tree = git("-C", str(path), "write-tree")
    commit = git("-C", str(path), "commit-tree", "-m", "first", tree)
    names = sorted(["refs/heads/main", *(f"refs/{kind}/n{number:06}" for number in range(refs))])
    lines = "".join(f"{commit} {name}\n" for name in names)
    (path / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{lines}")
    return path


def checks(room: Room, path: Path, count: int, **params: object) -> float:
    """The time of one check after the first, in ms; the median."""
    source = Resource(type="git", name="repo", params={"url": str(path), **params})
    kind = ResourceType(name="git", builtin="git")
    first = room.check(source, kind, seconds=300.0)
    assert first.error == "", first.error
    previous, times = first.versions[-1], []
    for _ in range(count + 1):
        began = time.perf_counter()
        found = room.check(source, kind, seconds=300.0, previous=previous)
        times.append((time.perf_counter() - began) * 1000)
        assert (found.error, found.versions) == ("", []), found
    return median(times[1:])


def listings(path: Path, count: int) -> float:
    """The time of one `git ls-remote`, in ms; the median."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        subprocess.run(["git", "ls-remote", "-q", str(path)], check=True, stdout=subprocess.PIPE)
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


def measure(folder: Path, refs: int, count: int) -> dict[str, float]:
    """All figures."""
    found: dict[str, float] = {}
    with worker_room(folder, FakeGateway(WorkerTerms(lease=600.0))) as room:
        for what, kind, params in (("branch", "heads", {"branch": "main"}), ("tags", "tags", {"tag": "*"})):
            path = repository(folder, kind, refs)
            listing, check = listings(path, count), checks(room, path, count, **params)
            found |= {f"ls-remote, {kind}": round(listing, 1), f"check of a {what}": round(check, 1)}
            found[f"{what}, times ls-remote"] = round(check / listing, 2)
    return found


def main() -> int:
    """Measure, print, and tell by the exit status whether the limit holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--refs", type=int, default=REFS, help="refs of the repository")
    parser.add_argument("--count", type=int, default=9, help="checks of each kind")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), arguments.refs, arguments.count)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:28} {value:10,.2f}")
    return int(any(value > LIMIT for name, value in found.items() if name.endswith("times ls-remote")))


if __name__ == "__main__":
    sys.exit(main())
