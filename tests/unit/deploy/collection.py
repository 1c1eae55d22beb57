"""The Ansible collection: where it is, its plugins as Python modules, and Ansible's own programs."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
COLLECTION = ROOT / "deploy" / "ansible"
ROLES = sorted(path.parent for path in (COLLECTION / "roles").glob("*/meta"))
PLAYBOOKS = sorted(set(COLLECTION.glob("*.yml")) - {COLLECTION / "galaxy.yml"})
INVENTORIES = sorted((COLLECTION / "inventories").glob("*"))

_PACKAGE = "ansible_collections.pikoci.fleet.plugins"


def plugin(kind: str, name: str) -> ModuleType:
    """Import a plugin as Ansible does, by its place in the collection."""
    collections = str(COLLECTION / "collections")
    if collections not in sys.path:
        sys.path.append(collections)
    return importlib.import_module(f"{_PACKAGE}.{kind}.{name}")


def run(
    program: str,
    *arguments: object,
    home: Path,
    folder: Path = COLLECTION,
    variables: Mapping[str, str] | None = None,
    timeout: float = 110,
) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's programs in the collection's folder, with a home of its own; its output is kept."""
    command: Sequence[str] = [str(Path(sys.executable).with_name(program)), *map(str, arguments)]
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "ANSIBLE_HOME": str(home / ".ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "LANG": "C.UTF-8",
        **(variables or {}),
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
