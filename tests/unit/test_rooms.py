"""Walls that the import linter can't express; the others are contracts in pyproject.toml."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BROKER_CLIENTS = {"nats": "nats", "pika": "rabbit", "kafka": "kafka"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _modules() -> list[Path]:
    return [path for room in ("internal", "pkg") for path in (ROOT / room).rglob("*.py")]


def test_no_room_imports_the_command() -> None:
    def is_the_command(name: str) -> bool:
        first, _, rest = f"{name}.".partition(".")
        return first == "pikoci" and rest.split(".")[0] not in {"internal", "pkg"}

    found = [
        f"{path.relative_to(ROOT)}: {name}" for path in _modules() for name in _imports(path) if is_the_command(name)
    ]
    assert not found


def test_a_broker_client_is_imported_by_its_own_backend_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in _modules()
        for name in _imports(path)
        if (backend := BROKER_CLIENTS.get(name.split(".")[0]))
        and not str(path.relative_to(ROOT / "pkg")).startswith(f"queue/{backend}")
    ]
    assert not found


def test_modules_have_no_catch_all_names() -> None:
    assert not [path for path in _modules() if path.stem in {"utils", "helpers", "common", "manager"}]


def test_no_room_reads_the_environment_when_imported() -> None:
    found = []
    for path in _modules():
        for statement in ast.parse(path.read_text()).body:
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                continue
            if any(
                isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} for node in ast.walk(statement)
            ):
                found.append(f"{path.relative_to(ROOT)}:{statement.lineno}")
    assert not found
