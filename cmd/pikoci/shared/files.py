"""Reads and writes what users name on the command line: pipeline files and the values of variables."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from pikoci.internal.domain.errors import InvalidError, TooLargeError
from pikoci.internal.domain.limits import MAX_FILE

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

#: A file that is there, or `-` for standard input.
INPUT_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)


def variable_options(function: Decorated) -> Decorated:
    """Declare `--vars/-v` and `--var`, which arrive as `variables`, a mapping."""
    function = click.option(
        "--var",
        "variables",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_merge_variables,
        help="Value of a variable; repeatable, beats --vars. Other users of this machine can see it: "
        "give secrets in a file.",
    )(function)
    return click.option(
        "--vars",
        "-v",
        "variable_files",
        multiple=True,
        type=INPUT_FILE,
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_keep_files,
        help="JSON file with values of variables, - for standard input; repeatable, later ones win.",
    )(function)


def input_option(function: Decorated) -> Decorated:
    """Declare `--input`, which arrives as `inputs`: texts by the names of a job's inputs."""
    return click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_named_inputs,
        help='Value of an input of the job, a list as JSON such as ["a"]; repeatable. No place for secrets.',
    )(function)


def read_text(name: str) -> str:
    """The text of a file, `-` being standard input.

    Raises InvalidError when it cannot be read or is no UTF-8, TooLargeError over `MAX_FILE`.
    """
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise InvalidError(f"cannot read {shown_name(name)}: {error.strerror}") from error
    if len(data) > MAX_FILE:
        raise TooLargeError(f"{shown_name(name)} is too large", hint=f"at most {MAX_FILE:,} bytes are taken")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidError(
            f"{shown_name(name)}:{line}: the text is not UTF-8", hint="save the file as UTF-8"
        ) from error


def replace_text(name: str, text: str) -> None:
    """Put `text` into a file that is there, whole or not at all; mode, owner and what links to it stay.

    Raises InvalidError when it cannot be written, or is no regular file.
    """
    temporary = ""
    try:
        before = Path(name).stat()
        if not stat.S_ISREG(before.st_mode):
            raise InvalidError(f"{name} is no regular file", hint="give its text on standard input, and - as the file")
        path = Path(name).resolve()
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            with suppress(PermissionError):
                os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))  # after the owner, whose change takes bits away
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except OSError as error:
        raise InvalidError(f"cannot write {name}: {error.strerror}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def shown_name(name: str) -> str:
    """How messages call a file."""
    return "<stdin>" if name == "-" else name


def read_variables(name: str) -> dict[str, object]:
    """The object in a JSON file. Raises InvalidError, with the place but never a value."""
    text = read_text(name)
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidError(
            f"{shown_name(name)}:{error.lineno}:{error.colno}: this is no JSON: {error.msg}",
            hint='write the variables as {"name": "value"}',
        ) from error
    except RecursionError as error:
        raise InvalidError(f"{shown_name(name)} is nested too deeply") from error
    if not isinstance(values, dict):
        raise InvalidError(f"{shown_name(name)} holds no JSON object", hint='write the variables as {"name": "value"}')
    return values


def _keep_files(ctx: click.Context, _: click.Parameter, names: tuple[str, ...]) -> None:
    ctx.meta[f"{__name__}.files"] = names


def _named_inputs(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> Mapping[str, str]:
    named: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.BadParameter("write it as NAME=VALUE.", ctx, param)
        if name in named:
            raise click.BadParameter(f"{name} is given twice.", ctx, param)
        named[name] = value
    return named


def _merge_variables(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> Mapping[str, object]:
    merged: dict[str, object] = {}
    for name in ctx.meta.get(f"{__name__}.files", ()):
        merged.update(read_variables(name))
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter("write it as NAME=VALUE.", ctx, param)
        merged[name.strip()] = value
    return merged
