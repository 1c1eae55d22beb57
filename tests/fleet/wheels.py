"""What `pip` finds in the hosts: wheels of all requirements, and of this project in two versions."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.fleet.machine import CACHE, FleetError, call

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ["setup.py", "pyproject.toml", "README.md", "LICENSE", "requirements", "cmd", "internal", "pkg"]
VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
MINUTES = 60.0
DAY_SECONDS = 86400.0


def wheelhouse(source: Path = ROOT) -> Path:
    """Find the folder of the pinned requirements' wheels, or make it, which takes the index of packages."""
    return _gathered("wheelhouse", source, "wheel", "--wheel-dir")


def originals(source: Path = ROOT) -> Path:
    """Find the folder of the pinned requirements as the index has them, some as sources, or make it."""
    # Debian's pip builds those that have no pyproject.toml with `wheel`, in whatever version there is.
    return _gathered("originals", source, "download", "--dest", besides=["wheel"])


def _gathered(name: str, source: Path, *command: str, besides: Sequence[str] = ()) -> Path:
    pinned = [source / "requirements" / f"{part}.txt" for part in ("build", "runtime")]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in pinned) + "".join(besides).encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{key}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            files = [argument for path in pinned for argument in ("-r", path)]
            call([*PIP, *command, partial, "--require-hashes", "--no-deps", *files], timeout=15 * MINUTES)
            if besides:
                call([*PIP, *command, partial, "--no-deps", *besides])
            partial.rename(folder)
    return folder


def built_wheels(source: Path = ROOT) -> list[Path]:
    """Find the wheels of the project as it is, and as the release after it, or build them. Raises FleetError."""
    folder = CACHE / f"built-{_digest(source)}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be building them
        if not folder.exists():
            _remove_old()
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            for release in ("", ".post1"):
                build_wheel(partial, release, source)
            partial.rename(folder)
        os.utime(folder)
    return sorted(folder.glob("*.whl"), key=lambda wheel: len(version_of(wheel)))


def _digest(source: Path) -> str:
    """Tell a tree from all others by what wheels are built from."""
    found = hashlib.sha256()
    for name in SOURCES:
        top = source / name
        for path in sorted(path for path in (top, *top.rglob("*")) if path.is_file()):
            if "__pycache__" not in path.parts:
                content = path.read_bytes()
                found.update(f"{path.relative_to(source)} {len(content)}\n".encode() + content)
    return found.hexdigest()[:12]


def _remove_old() -> None:
    """Remove wheels that no run has used for a day."""
    for folder in CACHE.glob("built-*"):
        if folder.stat().st_mtime < time.time() - DAY_SECONDS:
            shutil.rmtree(folder)


def version_of(wheel: Path) -> str:
    """Read the version from a wheel's name."""
    return wheel.name.split("-")[1]


def build_wheel(folder: Path, release: str, source: Path = ROOT, added: Mapping[str, str] | None = None) -> Path:
    """Build a release, such as `.post1`, with these files added to the tree. Raises FleetError."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        tree, made = Path(scratch) / "tree", Path(scratch) / "made"
        copy_tree(tree, release, source)
        for name, text in (added or {}).items():
            (tree / name).write_text(text, encoding="utf-8")
        alone = ["--no-deps", "--no-index", "--no-build-isolation"]
        call([*PIP, "wheel", *alone, "--wheel-dir", made, tree], timeout=5 * MINUTES)
        (wheel,) = made.glob("*.whl")
        return Path(shutil.move(wheel, folder / wheel.name))


def copy_tree(tree: Path, release: str, source: Path = ROOT) -> str:
    """Copy what the project is built from, as this release; its version. Raises FleetError."""
    tree.mkdir(exist_ok=True)
    for name in SOURCES:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, tree / name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        else:
            shutil.copy(path, tree / name)
    module = tree / "cmd" / "pikoci" / "__init__.py"
    text = module.read_text(encoding="utf-8")
    found = VERSION.search(text)
    if found is None:
        raise FleetError(f'{source}/cmd/pikoci/__init__.py has no line __version__ = "..."')
    version = f"{found[1]}{release}"
    module.write_text(VERSION.sub(f'__version__ = "{version}"', text), encoding="utf-8")
    return version
