"""Every table and index, as the models declare them."""

from __future__ import annotations

from collections.abc import Callable

from peewee import Database, Model

from pikoci.internal.store import build_models, indexes, models

#: Every model, referenced ones first.
MODELS: tuple[type[Model], ...] = (
    models.Team,
    models.User,
    models.Membership,
    models.Setting,
    models.IdempotencyKey,
    models.Pipeline,
    models.PipelineSource,
    models.Job,
    models.SchedulingRequest,
    models.Resource,
    models.Version,
    build_models.Build,
    build_models.BuildVersion,
    build_models.BuildStep,
    build_models.LogChunk,
    models.Worker,
    models.WorkerToken,
    models.EndedSession,
    models.Artifact,
    models.ArtifactGrant,
    models.ArtifactChunk,
)


def create_schema(database: Database) -> None:
    """Create every table and index in an empty database, without migrations."""
    with database.bind_ctx(MODELS):
        database.create_tables(MODELS, safe=False)
        execute: Callable[[str], object] = database.execute_sql
        for statement in indexes.STATEMENTS:
            execute(statement)
