"""Writes the reference of the language from the tables that check it, so that the two cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pikoci.internal.domain.builtin import (
    BUILTIN_RESOURCE_TYPES,
    BUILTIN_RUNNERS,
    BUILTIN_SECRET_TYPES,
    OWN_STORE,
    Param,
)
from pikoci.internal.domain.builtin_notifications import BUILTIN_NOTIFICATION_TYPES
from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES
from pikoci.internal.pipeline.description import functions
from pikoci.internal.pipeline.language import LANGUAGE, PIPELINE
from pikoci.internal.pipeline.schema import AttributeSchema, BlockSchema

#: The name of a type, what stands beside it in the heading, and the lines below that.
Section = tuple[str, str, list[str]]

_LATER = " *Not supported yet.*"
_OWN_STORE = (
    "The server's own store. It needs no `secret_type`: `key` names the entry, the pipeline's or else its team's."
)


def reference(examples: Mapping[str, str] = MappingProxyType({})) -> str:
    """The reference as Markdown: blocks, steps and hooks, built-in types, runners, functions.

    `examples` are links to what shows a block, by its key, or a built-in type, by kind and name (`resource-git`). They
    are for the documentation, which has what they lead to.
    """
    return "\n".join([*_blocks(examples), *_types(examples), *_functions()]) + "\n"


def _blocks(examples: Mapping[str, str]) -> Iterator[str]:
    yield "## Blocks"
    for key, block in LANGUAGE.items():
        yield ""
        yield from _block(key, block, examples.get(key, ""))


def _block(key: str, block: BlockSchema, examples: str) -> Iterator[str]:
    parents = [parent.type for parent in LANGUAGE.values() if key in parent.blocks and parent is not PIPELINE]
    inside = f" (in {', '.join(f'`{parent}`' for parent in parents)})" if parents else ""
    yield "### The file" if block is PIPELINE else f"### `{block.form()}`{inside}"
    yield ""
    yield block.description + ("" if block.supported else _LATER)
    if block.attributes or block.free or block.blocks:
        yield ""
        yield "| name | takes | required | default | meaning |"
        yield "| --- | --- | --- | --- | --- |"
    for attribute in block.attributes:
        yield _attribute(attribute)
    if block.free:
        yield f"| any other | any value | | | {block.free} |"
    for child_key in block.blocks:
        child = LANGUAGE[child_key]
        yield f"| `{child.type}` | block | {'yes' if child.required else ''} | | {child.description} |"
    if examples:
        yield ""
        yield examples


def _attribute(attribute: AttributeSchema) -> str:
    default = "" if attribute.default is None else f"`{_literal(attribute.default)}`"
    kind, needed = attribute.kind.name.replace("|", "\\|"), "yes" if attribute.required else ""
    return f"| `{attribute.name}` | {kind} | {needed} | {default} | {attribute.description} |"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}s" if isinstance(value, float) else str(value)


def _types(examples: Mapping[str, str]) -> Iterator[str]:
    for heading, kind, sections in (
        ("resource types", "resource", _resource_types()),
        ("runners", "runner", _runners()),
        ("services", "service", _services()),
        ("secret types", "secret", _secret_types()),
        ("notification types", "notification", _notification_types()),
    ):
        yield from ("", f"## Built-in {heading}")
        for name, note, lines in sections:
            yield from ("", f"### `{name}`{note}", "", *lines)
            if example := examples.get(f"{kind}-{name}"):
                yield from ("", example)


def _resource_types() -> Iterator[Section]:
    for kind in BUILTIN_RESOURCE_TYPES.values():
        lines = [f"{kind.description} Keys of its versions: {', '.join(f'`{key}`' for key in kind.version_keys)}."]
        lines += _params("Params of the resource", kind.params)
        lines += _params("Params of a get", kind.get_params)
        lines += _params("Params of a put", kind.put_params)
        if kind.any_put_params:
            lines += ["", "A put takes params of any name; they become keys of the version."]
        if not kind.can_put:
            lines += ["", "Nothing can be put to it."]
        yield kind.name, "", lines


def _runners() -> Iterator[Section]:
    for runner in BUILTIN_RUNNERS.values():
        lines = [runner.description, *_params("Params", runner.params)]
        for group in runner.one_of:
            lines += ["", f"Exactly one of {' and '.join(f'`{name}`' for name in group)} is needed."]
        yield runner.name, "", lines


def _services() -> Iterator[Section]:
    for service in BUILTIN_SERVICES.values():
        yield service.name, " (service)", [service.description, *_params("Params", service.params)]


def _secret_types() -> Iterator[Section]:
    for kind in BUILTIN_SECRET_TYPES.values():
        lines = [kind.description, *_params("Configuration", kind.params)]
        if kind.one_of:
            lines += ["", f"Exactly one of {', '.join(f'`{name}`' for name in kind.one_of)} is needed."]
        yield kind.name, " (secrets)", lines
    yield OWN_STORE, " (secrets)", [_OWN_STORE]


def _notification_types() -> Iterator[Section]:
    for kind in BUILTIN_NOTIFICATION_TYPES.values():
        lines = [kind.description, *_params("Params of the notification", kind.params)]
        yield kind.name, "", [*lines, *_params("Values of a notify step", kind.values)]


def _params(title: str, table: tuple[Param, ...]) -> Iterator[str]:
    if not table:
        return
    yield ""
    yield f"{title}:"
    yield ""
    yield "| name | takes | required | meaning |"
    yield "| --- | --- | --- | --- |"
    for param in table:
        notes = (" Masked." if param.sensitive else "") + ("" if param.supported else _LATER)
        ignored = f" No effect: {param.ignored}." if param.ignored else ""
        required = "yes" if param.required else ""
        yield f"| `{param.name}` | {param.kind} | {required} | {param.description}{notes}{ignored} |"


def _functions() -> Iterator[str]:
    yield ""
    yield "## Functions"
    yield ""
    for told in functions().values():
        yield f"- `{told['signature']}`: {told['description']}"
