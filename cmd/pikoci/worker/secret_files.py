"""`--secrets` of `pikoci run`: files with what the server's own store would hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.secret_error import SecretError
from pikoci.internal.worker.tools.secret_values import read_file
from pikoci.shared.files import read_text

_FORMATS = (".json", ".yaml", ".yml", ".env")


def read_secret_files(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> Mapping[str, str]:
    """The entries of all files, later ones winning. Raises InvalidError, which shows no value."""
    found: dict[str, str] = {}
    for name in names:
        ending = Path(name).suffix.lower() or Path(name).name  # a file may be called just `.env`
        if ending not in _FORMATS:
            raise click.BadParameter(f"{name}: the name must end in {', '.join(_FORMATS)}.", ctx, param)
        form = ending.strip(".").replace("yml", "yaml")
        try:
            values = read_file(read_text(name).encode(), name, form)
        except SecretError as error:
            raise InvalidError(f"--secrets: {error}", hint="write NAME: value, one entry each") from error
        found |= {key: text_of(value) for key, value in values.items() if value is not None}
    return found
