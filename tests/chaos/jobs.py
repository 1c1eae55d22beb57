"""What the builds of `chaos.hcl` must have done when they ended."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random

PIPELINE = "chaos"
TEAM = "main"
HERE = Path(__file__).parent
CONFIG = (HERE / "chaos.hcl").read_text(encoding="utf-8")

#: Jobs that clients start, and how often each is chosen.
STARTED = {"short": 6, "long": 4, "loud": 2, "serial": 1, "fails": 1, "make": 3, "beside": 2, "release": 2}
#: The job whose builds clients approve, too.
APPROVED = "release"
#: Names of the resources that are checked all the time.
CHECKED = ("a", "b")
CHECK_INTERVAL = 10.0
#: What the job `beside` reads from a file, and no log may show.
PASSWORD = 'it\'s $5\n"quoted" & more'

_LINES = {
    "short": {"only": 5},
    "loud": {"first": 3000, "second": 10, "third": 3000},
    "serial": {"alone": 5},
    "fails": {"fail": 5},
    "release": {"release": 5},
    "make": {"make": 3},
    "beside": {"left": 20, "right": 10, "whole": 3},
    "use": {"use": 3},
    "watch": {"watch": 3},
    "after": {"after": 3},
}


def variables(folder: Path) -> dict[str, str]:
    """The pipeline's variables, where `folder` takes the marks."""
    return {"folder": str(folder), "scripts": str(HERE)}


def lay_out(folder: Path) -> None:
    """Write the files that builds read."""
    (folder / "locks").mkdir(parents=True)
    (folder / "password.json").write_text(json.dumps({"password": PASSWORD}))
    (folder / "password.sha256").write_text(f"{hashlib.sha256(PASSWORD.encode()).hexdigest()}  -\n")


def choose(random: Random) -> str:
    """A job to start."""
    return random.choices(list(STARTED), list(STARTED.values()))[0]


def expected_lines(job: str, build_id: int) -> dict[str, int]:
    """How many lines each step of a build prints."""
    if job == "long":
        return {"slow": 8 + build_id % 12, "quick": 3, "ensure": 2}
    return _LINES[job]


def expected_status(job: str) -> str:
    """How each build of the job ends."""
    return "failed" if job == "fails" else "succeeded"
