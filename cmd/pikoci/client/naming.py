"""Which pipeline, job or build a command line means: by options, by one name, or by both together."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.naming import Kind, Name, parse_name

#: The value that may stand alone, without an option.
POSITIONAL = "named"
_KINDS: dict[str, Kind] = {"pipeline": "pipeline", "job": "job", "number": "build"}


def settle(ctx: click.Context, values: dict[str, Any], *, complete: bool = True) -> dict[str, Any]:
    """The values with `team`, `pipeline`, `job` and `number` each by itself, as far as the command takes them.

    Each option takes a longer name, such as `-b main/app/test#3`, which then stands for the other options too. Raises
    click.UsageError where names are wrong, at odds, say more than the command takes, or, where they are to be
    `complete`, are missing.
    """
    fields = [field for field in _KINDS if field in values]
    if not fields:
        return values
    told: dict[str, str] = {}
    if ctx.get_parameter_source("team") is not ParameterSource.DEFAULT:
        told["team"] = values["team"]
    for field in (*fields, POSITIONAL):
        if text := values.get(field):
            kind = _KINDS[fields[-1] if field == POSITIONAL else field]
            _add(ctx, told, _parsed(ctx, text, kind, field), _KINDS[fields[-1]])
    for field in fields:
        if complete and field not in told and field != "number":
            raise click.MissingParameter(ctx=ctx, param=_param(ctx, field))
    rest = {name: value for name, value in values.items() if name != POSITIONAL}
    return {**rest, **{field: told.get(field, "") for field in fields}, "team": told.get("team", values["team"])}


def _parsed(ctx: click.Context, text: str, kind: Kind, field: str) -> Name:
    try:
        return parse_name(text, kind)
    except InvalidError as error:
        raise click.BadParameter(f"{error.message}: {error.hint}.", ctx, _param(ctx, field)) from error


def _add(ctx: click.Context, told: dict[str, str], name: Name, takes: Kind) -> None:
    most = list(_KINDS.values()).index(takes)
    for part, value in name._asdict().items():
        if not value:
            continue
        if part != "team" and list(_KINDS).index(part) > most:
            raise click.UsageError(f"This command takes a {takes}, and {value!r} names a {_KINDS[part]}.", ctx)
        if told.setdefault(part, value) != value:
            what = _KINDS.get(part, part)
            raise click.UsageError(f"Two names of the {what} are given, {told[part]!r} and {value!r}: give one.", ctx)


def _param(ctx: click.Context, field: str) -> click.Parameter | None:
    return next((param for param in ctx.command.params if param.name == field), None)
