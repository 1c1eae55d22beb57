#!/usr/bin/env python3
"""Writes the generated parts of the documentation: `make docs` runs it, a test compares the files with what it writes.

The pipeline reference and the command line reference are whole pages. The tables of settings, of the API's routes,
of the example pipelines and of the Ansible roles' variables stand between two comments in pages that people write.
"""

from __future__ import annotations

from pikoci.cooperative import make_cooperative

make_cooperative()

import itertools  # noqa: E402 - imported after the patch
import json  # noqa: E402 - as above
import re  # noqa: E402 - as above
import secrets  # noqa: E402 - as above
from collections.abc import Iterator  # noqa: E402 - as above
from pathlib import Path  # noqa: E402 - as above
from typing import Any  # noqa: E402 - as above

import click  # noqa: E402 - as above
import yaml  # noqa: E402 - as above

from pikoci import __version__  # noqa: E402 - as above
from pikoci.internal.api import ApiSettings  # noqa: E402 - as above
from pikoci.internal.api.endpoints.operations import Operations  # noqa: E402 - as above
from pikoci.internal.api.metrics import Metrics  # noqa: E402 - as above
from pikoci.internal.api.route import Route  # noqa: E402 - as above
from pikoci.internal.api.routes import table  # noqa: E402 - as above
from pikoci.internal.domain.builtin import (  # noqa: E402 - as above
    BUILTIN_RESOURCE_TYPES,
    BUILTIN_RUNNERS,
    BUILTIN_SECRET_TYPES,
    OWN_STORE,
)
from pikoci.internal.domain.builtin_notifications import BUILTIN_NOTIFICATION_TYPES  # noqa: E402 - as above
from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES  # noqa: E402 - as above
from pikoci.internal.domain.clock import SystemClock  # noqa: E402 - as above
from pikoci.internal.pipeline import reference  # noqa: E402 - as above
from pikoci.internal.pipeline.usage import best_examples, usage  # noqa: E402 - as above
from pikoci.internal.service import build_services  # noqa: E402 - as above
from pikoci.internal.store import StoreSettings, open_store  # noqa: E402 - as above
from pikoci.pkg.queue.mem import MemoryBackend  # noqa: E402 - as above
from pikoci.reference import render_cli_reference  # noqa: E402 - as above
from pikoci.server.command import server  # noqa: E402 - as above
from pikoci.worker.command import worker  # noqa: E402 - as above

DOCS = Path(__file__).parent
EXAMPLES = sorted(DOCS.glob("examples/*.hcl"))
TYPES = [
    *(f"resource-{name}" for name in BUILTIN_RESOURCE_TYPES),
    *(f"runner-{name}" for name in BUILTIN_RUNNERS),
    *(f"service-{name}" for name in BUILTIN_SERVICES),
    *(f"secret-{name}" for name in (*BUILTIN_SECRET_TYPES, OWN_STORE)),
    *(f"notification-{name}" for name in BUILTIN_NOTIFICATION_TYPES),
]
FLEET = DOCS.parent / "deploy" / "ansible"

_PIPELINE_HEADER = """\
# Pipeline reference

Every block, attribute, built-in type and function. [The pipeline language](pipeline.md) explains them with examples.
`pikoci pipeline reference` prints the same for the version that you run.

"""


class _SpecLoader(yaml.SafeLoader):
    """Takes Ansible's tag for templates that are shown as they are."""


_SpecLoader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def pages() -> dict[Path, str]:
    """The text that each page with generated parts should have."""
    return {
        DOCS / "cli.md": render_cli_reference().rstrip("\n") + "\n",
        DOCS / "pipeline-reference.md": _PIPELINE_HEADER + reference({**examples_of_blocks(), **examples_of_types()}),
        DOCS / "examples.md": _between("examples", DOCS / "examples.md", examples_table()),
        DOCS / "server.md": _between("settings", DOCS / "server.md", settings_table(server)),
        DOCS / "workers.md": _between("worker settings", DOCS / "workers.md", settings_table(worker)),
        DOCS / "api.md": _between("routes", DOCS / "api.md", routes_table()),
        FLEET / "README.md": _between("variables", FLEET / "README.md", roles_tables()),
    }


def examples_of_blocks() -> dict[str, str]:
    """A line with links to the examples of each block of the language, by its key."""
    usages = {path.name: usage(path.read_text(encoding="utf-8")) for path in EXAMPLES if not _type_of(path)}
    return {key: _linked(names) for key, names in best_examples(usages).items()}


def examples_of_types() -> dict[str, str]:
    """The same for each built-in type: of `resource-git` that are `resource-git.hcl` and `resource-git-tag.hcl`."""
    found: dict[str, list[str]] = {}
    for path in sorted(EXAMPLES, key=lambda path: path.stem):
        if name := _type_of(path):
            found.setdefault(name, []).append(path.name)
    return {name: _linked(names) for name, names in found.items()}


def _type_of(path: Path) -> str:
    """The built-in type whose example a file is; empty for one of the language."""
    return next((name for name in TYPES if f"{path.stem}-".startswith(f"{name}-")), "")


def _linked(names: list[str]) -> str:
    links = ", ".join(f"[{name}](examples/{name})" for name in names)
    return f"{'Examples' if len(names) > 1 else 'Example'}: {links}."


def examples_table() -> str:
    """The example pipelines, and what the first sentence of each says."""
    lines = ["| file | shows |", "| --- | --- |"]
    lines += [f"| [{path.name}](examples/{path.name}) | {_first_sentence(path)} |" for path in EXAMPLES]
    return "\n".join(lines)


def _first_sentence(path: Path) -> str:
    comment = itertools.takewhile(lambda line: line.startswith("# "), path.read_text(encoding="utf-8").splitlines())
    text = " ".join(line.removeprefix("# ") for line in comment)
    return re.split(r"(?<=\.) ", text)[0].replace("|", "\\|")


def settings_table(command: click.Command) -> str:
    """The settings of a command, from the options themselves."""
    return "\n".join(_settings(command))


def routes_table() -> str:
    """The routes of the API, from the route table itself."""
    rows = sorted(_routes(), key=lambda route: (_area(route.path), route.path, route.method))
    lines = ["| request | what it does |", "| --- | --- |"]
    lines += [f"| `{route.method} {route.path.removeprefix('/api/v1')}` | {route.summary} |" for route in rows]
    return "\n".join(lines)


def roles_tables() -> str:
    """The variables of the roles, from their argument specs; those of the whole fleet first."""
    roles = sorted(FLEET.glob("roles/*/meta/argument_specs.yml"), key=lambda path: ("preflight" not in str(path), path))
    return "\n\n".join("\n".join(_role(path)) for path in roles)


def _role(path: Path) -> Iterator[str]:
    role = path.parent.parent.name
    spec = yaml.load(path.read_text(encoding="utf-8"), _SpecLoader)["argument_specs"]["main"]  # noqa: S506 - a safe one
    yield from (f"### {role}", "", f"{spec['short_description']}.", "")
    yield from ("| variable | type | default | meaning |", "| --- | --- | --- | --- |")
    yield from _variables("", spec["options"])


def _variables(prefix: str, options: dict[str, Any]) -> Iterator[str]:
    for name, option in options.items():
        kind = "\\|".join(map(str, option.get("choices", [option["type"]])))
        kind = f"list of {option['elements']}" if option["type"] == "list" and "choices" not in option else kind
        text = option["description"] if isinstance(option["description"], str) else " ".join(option["description"])
        meaning = re.sub(r"[A-Z]\(([^)]*)\)", r"`\1`", text.strip()).replace("|", "\\|")
        yield f"| `{prefix}{name}` | {kind} | {_made_from(option)} | {meaning} |"
        yield from _variables(f"{prefix}{name}[].", option.get("options", {}))


def _made_from(option: dict[str, Any]) -> str:
    """The default, or the variables that it is made from."""
    if option.get("required"):
        return "needed"
    value = option.get("default")
    if isinstance(value, str) and "{{" in value:
        names = re.findall(r"\bpikoci_\w+", re.sub(r"'[^']*'", "", value))
        return f"from {', '.join(f'`{name}`' for name in dict.fromkeys(names))}" if names else "made from the inventory"
    text = json.dumps(value) if not isinstance(value, str) else value
    return "" if value is None or value == "" else f"`{text}`"


def _settings(command: click.Command) -> Iterator[str]:
    yield "| flag, and key of the file | variable | default | meaning |"
    yield "| --- | --- | --- | --- |"
    ctx = click.Context(command)
    for option in command.params:
        if not isinstance(option, click.Option) or option.name == "help":
            continue
        flag = max(option.opts, key=len)
        kind = "" if option.name == "config" else f" `{_kind(option, ctx)}`"
        meaning = (option.help or "").replace("|", "\\|")
        aliases = "".join(f", `{name}`" for name in option.opts if name != flag)
        yield f"| `{flag}`{kind}{aliases} | `{option.envvar}` | {_default(option)} | {meaning} |"


def _kind(option: click.Option, ctx: click.Context) -> str:
    if isinstance(option.type, click.Choice):
        return "\\|".join(str(choice) for choice in option.type.choices)
    metavar = option.make_metavar(ctx).strip("[]").split(" ")[0]
    return {"integer": "number", "path": "file"}.get(metavar.lower(), metavar.lower())


def _default(option: click.Option) -> str:
    if isinstance(option.default, bool):
        return f"`{str(option.default).lower()}`"
    return f"`{option.default}`" if isinstance(option.default, str | int) and option.default != "" else ""


def _routes() -> list[Route]:
    clock, settings = SystemClock(), ApiSettings(version=__version__)
    queue = MemoryBackend()
    services = build_services(open_store(StoreSettings()), queue, clock, jwt_secret=secrets.token_urlsafe())
    return table(services, settings, Operations(services, settings, Metrics(services.monitoring, clock)))


def _area(path: str) -> int:
    """Routes of /api/v1 first, those beside it last."""
    return 0 if path.startswith("/api/v1") else 1


def _between(name: str, page: Path, text: str) -> str:
    """The page with `text` between its two comments of this name. Raises ValueError where they are not there once."""
    before, after = f"<!-- {name}: generated by make docs -->\n", f"\n<!-- {name}: end -->"
    found = re.split(f"{re.escape(before)}.*?{re.escape(after)}", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    if len(found) != 2:
        raise ValueError(f"{page} needs {before!r} and {after!r}, once")
    return f"{found[0]}{before}{text}{after}{found[1]}"


if __name__ == "__main__":
    for path, content in pages().items():
        path.write_text(content, encoding="utf-8")
