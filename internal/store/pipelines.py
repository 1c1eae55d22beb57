"""Pipelines and their sources."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from pikoci.internal.domain.errors import ConflictError, NotFoundError
from pikoci.internal.domain.pipeline import Page, Pipeline, PipelineSource
from pikoci.internal.store.sealed import source_place
from pikoci.internal.store.sealing import Sealing
from pikoci.internal.store.session import Session
from pikoci.internal.store.tables import PIPELINES, SOURCES
from pikoci.internal.store.values import decode_cursor, encode_cursor, key_text

#: A pipeline without team is being deleted (see `deletion`): joining teams leaves it out.
_SELECT = f"{PIPELINES.select} JOIN teams ON teams.id = pipelines.team_id"

GET = f"{_SELECT} WHERE pipelines.id = ?"
LOCK = f"{GET} FOR NO KEY UPDATE OF pipelines"
_COLUMNS = PipelineSource.__struct_fields__
FIND = f"{_SELECT} WHERE teams.name = ? AND pipelines.name = ?"


class SqlPipelines:
    """Implements `PipelineRepository`. Sources are sealed: secrets may stand in all of their columns."""

    def __init__(self, session: Session, sealing: Sealing) -> None:
        self._session = session
        self._sealing = sealing

    def create(self, team_id: int, name: str, source: PipelineSource, now: float) -> Pipeline:
        """See `PipelineRepository`."""
        made = self._session.change(
            "INSERT INTO pipelines (team_id, name, paused, public, revision, created_at, updated_at)"
            " VALUES (?, ?, FALSE, FALSE, 1, ?, ?) ON CONFLICT (team_id, name) DO NOTHING RETURNING id",
            (team_id, key_text(name, "the pipeline's name"), now, now),
        )
        if not made:
            raise ConflictError(f"the team has a pipeline {name} already")
        self._session.write(
            "INSERT INTO pipeline_sources (pipeline_id, config, variables, spec) VALUES (?, ?, ?, ?)",
            (made[0][0], *self._sealed(made[0][0], source)),
        )
        return self._existing(made[0][0])

    def update(self, pipeline_id: int, source: PipelineSource, now: float) -> Pipeline:
        """See `PipelineRepository`. Raises NotFoundError when the pipeline is gone."""
        self._session.write(
            "UPDATE pipelines SET revision = revision + 1, updated_at = ? WHERE id = ?", (now, pipeline_id)
        )
        self._session.write(
            f"UPDATE pipeline_sources SET {SOURCES.assignments} WHERE pipeline_id = ?",
            (*self._sealed(pipeline_id, source), pipeline_id),
        )
        return self._existing(pipeline_id)

    def get(self, pipeline_id: int) -> Pipeline | None:
        """See `PipelineRepository`."""
        row = self._session.row(GET, (pipeline_id,))
        return PIPELINES.read(row) if row else None

    def lock(self, pipeline_id: int) -> Pipeline | None:
        """See `PipelineRepository`."""
        rows = self._session.change(LOCK, (pipeline_id,))
        return PIPELINES.read(rows[0]) if rows else None

    def find(self, team: str, name: str) -> Pipeline | None:
        """See `PipelineRepository`."""
        row = self._session.row(FIND, (key_text(team, "the team's name"), key_text(name, "the pipeline's name")))
        return PIPELINES.read(row) if row else None

    def list(self, team: str | None, *, public_only: bool, limit: int, cursor: str | None) -> Page[Pipeline]:
        """See `PipelineRepository`."""
        conditions, params = [], builtins.list[object]()
        if team is not None:
            conditions.append("teams.name = ?")
            params.append(key_text(team, "the team's name"))
        if public_only:
            conditions.append("pipelines.public")
        if cursor is not None:
            conditions.append("(teams.name, pipelines.name) > (?, ?)")
            params += (key_text(part, "the cursor") for part in decode_cursor(cursor, tuple[str, str]))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"{_SELECT} {where} ORDER BY teams.name, pipelines.name LIMIT ?"
        rows = self._session.rows(sql, (*params, limit + 1))
        items = [PIPELINES.read(row) for row in rows[:limit]]
        following = encode_cursor(items[-1].team, items[-1].name) if len(rows) > limit and items else None
        return Page(items=items, next=following)

    def source(self, pipeline_id: int) -> PipelineSource:
        """See `PipelineRepository`. Raises NotFoundError when the pipeline is gone."""
        row = self._session.row(f"{SOURCES.select} WHERE pipeline_id = ?", (pipeline_id,))
        if row is None:
            raise _gone()
        return SOURCES.read(tuple(self._opened(pipeline_id, *part) for part in zip(_COLUMNS, row, strict=True)))

    def set_paused(self, pipeline_id: int, paused: bool) -> None:
        """See `PipelineRepository`."""
        self._session.write("UPDATE pipelines SET paused = ? WHERE id = ?", (paused, pipeline_id))

    def set_public(self, pipeline_id: int, public: bool) -> None:
        """See `PipelineRepository`."""
        self._session.write("UPDATE pipelines SET public = ? WHERE id = ?", (public, pipeline_id))

    def _sealed(self, pipeline_id: int, source: PipelineSource) -> Iterator[str | bytes]:
        """The columns of a source as they are stored."""
        for column, value in zip(_COLUMNS, SOURCES.changing(source), strict=True):
            data = value.encode() if isinstance(value, str) else value
            sealed = self._sealing.seal(data, source_place(pipeline_id, column))
            yield sealed.decode() if isinstance(value, str) else sealed

    def _opened(self, pipeline_id: int, column: str, value: str | bytes) -> str | bytes:
        data = value.encode() if isinstance(value, str) else bytes(value)
        opened = self._sealing.open(data, source_place(pipeline_id, column))
        return opened.decode() if isinstance(value, str) else opened

    def _existing(self, pipeline_id: int) -> Pipeline:
        found = self.get(pipeline_id)
        if found is None:
            raise _gone()
        return found


def _gone() -> NotFoundError:
    return NotFoundError("the pipeline does not exist any more")
