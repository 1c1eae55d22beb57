"""Numbered migrations: SQL files, one for each database system, applied once and in order."""

from __future__ import annotations

import re
from importlib import resources

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.store.session import Session

#: `0001_initial.sqlite.sql`
FILE = re.compile(r"(?P<name>\d{4}_\w+)\.(?P<system>sqlite|postgresql)\.sql")

_TABLE = {
    "sqlite": "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT NOT NULL PRIMARY KEY)",
    "postgresql": 'CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT NOT NULL COLLATE "C" PRIMARY KEY)',
}
_TABLE_EXISTS = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'",
    "postgresql": "SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL",
}


class Migrations:
    """The migrations of one database. `files` maps a name to its SQL; by default the ones of this package."""

    def __init__(self, session: Session, system: str, files: dict[str, str] | None = None) -> None:
        self._session = session
        self._system = system
        self._files = packaged(system) if files is None else files

    def pending(self) -> list[str]:
        """Names not yet applied, in order.

        Raises InvalidError when the database has a migration that this program does not know: a newer one made it.
        """
        applied: set[str] = set()
        if self._session.row(_TABLE_EXISTS[self._system]):
            applied = {row[0] for row in self._session.rows("SELECT name FROM schema_migrations ORDER BY name")}
        unknown = sorted(applied - self._files.keys())
        if unknown:
            raise InvalidError(
                f"the database was used by a newer pikoci: it has the migration {unknown[-1]}, unknown to this one",
                hint="start the newer version, or restore a backup from before the upgrade",
            )
        return [name for name in sorted(self._files) if name not in applied]

    def apply(self) -> list[str]:
        """Apply what is pending, each in a transaction of its own; returns the names.

        Servers that start together take turns, and the later ones find nothing left to do.
        """
        done: list[str] = []
        while self.pending():
            with self._session.transaction(patient=True):
                self._session.lock_schema()
                self._session.write(_TABLE[self._system])
                pending = self.pending()
                if pending:
                    self._run(pending[0])
                    done.append(pending[0])
        return done

    def _run(self, name: str) -> None:
        for statement in statements(self._files[name]):
            self._session.write(statement)
        self._session.write("INSERT INTO schema_migrations (name) VALUES (?)", (name,))


def packaged(system: str) -> dict[str, str]:
    """The migrations that come with the program, by name."""
    found: dict[str, str] = {}
    for file in resources.files("pikoci.internal.store.migrations").iterdir():
        match = FILE.fullmatch(file.name)
        if match and match["system"] == system:
            found[match["name"]] = file.read_text(encoding="utf-8")
    return found


def statements(script: str) -> list[str]:
    """The statements of a script: each ends with a semicolon at a line's end. Lines that begin with -- are comments."""
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("--")]
    parts = re.split(r";\s*(?:\n|$)", "\n".join(lines))
    return [part.strip() for part in parts if part.strip()]
