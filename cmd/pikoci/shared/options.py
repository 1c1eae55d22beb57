"""Options that are flags, environment variables and keys of a config file at once.

Flag beats environment beats file beats default. The variable's name is the flag in upper case with `_` for `-`,
without a prefix: `--pikoci-url` is `PIKOCI_URL`.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pikoci.internal.domain.duration import InvalidDurationError, parse_duration

#: Of a worker's token, wherever one is made.
TAGS_HELP = "The tags that its worker may have; any if not given, none if empty."

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _read_yaml(text: str) -> object:
    import yaml  # most starts read no such file

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _read_toml(text: str) -> object:
    import tomllib

    return tomllib.loads(text)


_PARSERS: dict[str, Callable[[str], object]] = {
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
    ".toml": _read_toml,
    ".json": json.loads,
}


class Duration(click.ParamType[float]):
    """A Go-style duration such as `10m` or `1h30m`; its value is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn text into seconds; numbers pass, as they are defaults."""
        if isinstance(value, int | float):
            return float(value)
        try:
            return parse_duration(str(value))
        except InvalidDurationError as error:
            self.fail(f"{error.message} ({error.hint})", param, ctx)


class NameList(click.ParamType[tuple[str, ...]]):
    """A comma-separated list of names, such as `jobs,checks`."""

    name = "list"

    def __init__(self, allowed: tuple[str, ...] = ()) -> None:
        self.allowed = allowed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Split, drop blanks, refuse names that are not allowed."""
        parts = value if isinstance(value, list | tuple) else str(value).split(",")
        names = tuple(dict.fromkeys(str(part).strip() for part in parts if str(part).strip()))
        for name in names:
            if self.allowed and name not in self.allowed:
                self.fail(f"{name!r} is not one of {', '.join(self.allowed)}.", param, ctx)
        return names


class Weights(click.ParamType[dict[str, int]]):
    """Whole numbers by name, such as `main=3,tools=1`; a mapping in a config file."""

    name = "weights"

    def __init__(self, most: int) -> None:
        self.weight = re.compile(r"\s*([^=\s]+)\s*=\s*0*([1-9][0-9]{0,8})\s*", re.ASCII)
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, int]:
        """Split, drop blanks; refuse what is no such pair, a weight out of bounds, and a name that comes twice."""
        pairs = isinstance(value, dict)
        parts = [f"{name}={weight}" for name, weight in value.items()] if pairs else str(value).split(",")
        weights: dict[str, int] = {}
        for part in filter(str.strip, parts):
            pair = self.weight.fullmatch(part)
            if pair is None or int(pair[2]) > self.most:
                self.fail(f"{part[:80]!r} is not NAME=WEIGHT with a whole number from 1 to {self.most}.", param, ctx)
            if pair[1] in weights:
                self.fail(f"{pair[1][:80]!r} has two weights.", param, ctx)
            weights[pair[1]] = int(pair[2])
        return weights


class Setting(click.Option):
    """An option with an environment variable of its own name, which is taken out of the environment if it is secret."""

    def __init__(self, *args: Any, secret: bool = False, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        flag = max(self.opts, key=len)
        self.envvar = flag.lstrip("-").upper().replace("-", "_")
        self.show_envvar = True
        if self.default is not None and self.default != "":
            self.show_default = self.show_default or True
        self.secret = secret

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Read the value; a secret then stands in the environment no longer, for whatever is started from here."""
        found = super().handle_parse_result(ctx, opts, args)
        if self.secret and self.envvar:
            os.environ.pop(str(self.envvar), None)
        return found


def setting(*names: str, **attributes: Any) -> Callable[[Decorated], Decorated]:
    """Declare an option that is a flag, a variable and a config key."""
    return click.option(*names, cls=Setting, **attributes)


def build_users_option(function: Decorated) -> Decorated:
    """Declare the group of users for builds, the same for server and worker."""
    return setting(
        "--build-users-group", default="", help="Run each build as a user of its own, a member of this group."
    )(function)


class Directories(click.ParamType[tuple[str, ...]]):
    """A comma-separated list of absolute paths."""

    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Split, drop blanks, refuse what is no absolute path."""
        paths = NameList().convert(value, param, ctx)
        for path in paths:
            if not path.startswith("/") or ".." in path.split("/"):
                self.fail(f"{path!r} is no absolute path.", param, ctx)
        return paths


def fs_roots_option(function: Decorated) -> Decorated:
    """Declare what resources of type fs may reach, the same for server and worker."""
    help_text = "Directories that resources of type fs may use, with commas between; {team} in one is the team's name."
    return setting("--fs-roots", default="", type=Directories(), help=help_text)(function)


def container_options(function: Decorated) -> Decorated:
    """Declare what runs containers, and what they may ask for, the same for server and worker."""
    program = setting("--container-program", default="", help="Podman or docker, by name or path; the first found.")
    help_text = "Let pipelines give containers any right that the container program has."
    return program(switch("--allow-privileged-containers", default=False, help=help_text)(function))


def switch(name: str, *, default: bool, help: str) -> Callable[[Decorated], Decorated]:  # noqa: A002 - click's name
    """Declare a boolean that takes `--flag`, `--flag=true` and `--flag=false`."""
    return click.option(
        name,
        cls=Setting,
        type=click.BOOL,
        is_flag=False,
        flag_value=True,
        default=default,
        show_default=True,
        help=help,
    )


def with_options(options: Sequence[Callable[[Decorated], Decorated]]) -> Callable[[Decorated], Decorated]:
    """Declare options that `--help` lists in this order."""

    def decorate(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def config_option() -> Callable[[Decorated], Decorated]:
    """Declare `--config/-c`, read before every other option."""
    return click.option(
        "--config",
        "-c",
        cls=Setting,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=_load_config,
        help="YAML, TOML or JSON file with any of these settings.",
    )


def _load_config(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.default_map = {**(ctx.default_map or {}), **read_config(value, ctx.command)}


def read_config(path: Path, command: click.Command) -> dict[str, object]:
    """Read the settings of a command from a file.

    Raises click.BadParameter naming the file and the wrong line or key, with the nearest known key.
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise click.BadParameter(f"{path}: the name must end in {', '.join(_PARSERS)}.", param_hint="--config")
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--config") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise click.BadParameter(f"{path}: expected settings as `key: value`.", param_hint="--config")
    known = {param.name: param for param in command.params if param.name not in {None, "config", "help"}}
    return {_known_key(path, str(key), list(filter(None, known))): value for key, value in content.items()}


def _known_key(path: Path, key: str, known: list[str]) -> str:
    name = key.replace("-", "_")
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0].replace('_', '-')}?" if near else f" Known: {', '.join(sorted(known))}."
    raise click.BadParameter(f"{path}: unknown setting {key!r}.{hint}", param_hint="--config")
