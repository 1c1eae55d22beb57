"""What a server does to its database before it serves: schema, first users, the pipeline of its flags."""

from __future__ import annotations

import json
import logging
import secrets
from contextlib import suppress
from pathlib import Path

import msgspec

from pikoci.internal.domain.accounts import SYSTEM
from pikoci.internal.domain.errors import ConflictError, InvalidError, InvalidPipelineError
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import Services
from pikoci.server.settings import ServerSettings

log = logging.getLogger(__name__)


def prepare_schema(store: Store, settings: ServerSettings) -> None:
    """Bring the schema up to date, or raise InvalidError naming the migrations that are missing."""
    if settings.run_migrations:
        for name in store.migrate():
            log.info("applied migration %s", name)
    elif missing := store.pending_migrations():
        raise InvalidError(
            f"the database lacks the migrations {', '.join(missing)}", hint="start once with --run-migrations"
        )


def prepare_accounts(services: Services, settings: ServerSettings) -> tuple[str, str] | None:
    """Make the users that are asked for, or a first administrator; returns the login that was made up for it."""
    for _ in range(2 + len(settings.users)):
        with suppress(ConflictError):  # another server that starts now made one of them: look again
            return _ensure_accounts(services, settings)
    return _ensure_accounts(services, settings)


def _ensure_accounts(services: Services, settings: ServerSettings) -> tuple[str, str] | None:
    services.accounts.ensure_team("main")
    services.accounts.ensure_team(settings.team)
    services.accounts.ensure_users(settings.users)
    password = secrets.token_urlsafe(12)
    return ("admin", password) if services.accounts.ensure_first_admin("admin", password) else None


def prepare_pipeline(services: Services, settings: ServerSettings) -> None:
    """Set the pipeline that the flags name, if any. Raises InvalidPipelineError with the file's own name."""
    if settings.pipeline_config is None:
        return
    variables = _read_variables(settings.vars) if settings.vars else {}
    config = settings.pipeline_config.read_text(encoding="utf-8")
    try:
        _, found = services.pipelines.set(SYSTEM, settings.team, settings.pipeline_name, config, variables)
    except InvalidPipelineError as error:
        path = str(settings.pipeline_config)
        diagnostics = [msgspec.structs.replace(found, file=path) for found in error.diagnostics]
        raise InvalidPipelineError(f"{path}: {error.message}", diagnostics, hint=error.hint) from error
    for one in found.warnings:
        log.warning("%s:%d: %s", settings.pipeline_config, one.line, one.summary)
    log.info("pipeline %s/%s is set", settings.team, settings.pipeline_name)


def _read_variables(path: Path) -> dict[str, object]:
    try:
        variables = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InvalidError(f"--vars: {path} cannot be read as JSON: {error}") from error
    if not isinstance(variables, dict):
        raise InvalidError(f"--vars: {path} must hold one JSON object", hint='for example {"branch": "main"}')
    return variables
