"""What a file declares, so that labels and expressions can refer to it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pikoci.internal.domain.builtin import OWN_STORE
from pikoci.internal.domain.names import LABEL, MAX_LABEL
from pikoci.internal.pipeline.language import LANGUAGE, PIPELINE
from pikoci.internal.pipeline.report import Report
from pikoci.internal.pipeline.schema import Namespace
from pikoci.internal.pipeline.sources import KNOWN_SOURCES
from pikoci.pkg.hcl.diagnostics import Range
from pikoci.pkg.hcl.syntax import Block, Body

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_TYPE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*", re.ASCII)
_NAME = re.compile(LABEL.pattern, re.ASCII)
_RULES: Mapping[re.Pattern[str], str] = {
    _IDENTIFIER: 'It starts with a letter or "_", and holds letters, digits, "_" and "-".',
    _TYPE: 'It starts with a letter, digit or "_", and holds letters, digits, "_" and "-".',
    _NAME: 'It starts with a letter, digit or "_", and holds letters, digits, ".", "_" and "-".',
}
_BUILTIN_BLOCKS: Mapping[Namespace, str] = {
    "resource_type": "resource_type",
    "runner": "runner_type",
    "secret_type": "secret_type",
    "service_type": "service_type",
    "notification_type": "notification_type",
}
#: The first label of these names a type.
_TYPE_OF: Mapping[Namespace, Namespace] = {"resource": "resource_type", "notification": "notification_type"}


class Declared:
    """Every named thing of a file, by namespace and name; two labels are joined by a dot."""

    def __init__(self, body: Body, report: Report) -> None:
        self._blocks: dict[Namespace, dict[str, Block]] = {}
        self._report = report
        for block in body.blocks:
            schema = LANGUAGE.get(PIPELINE.children.get(block.type, ""))
            if schema is not None and schema.declares is not None and len(block.labels) == len(schema.labels):
                self._add(schema.declares, block)
        self._known: dict[Namespace, frozenset[str]] = {}

    def blocks(self, namespace: Namespace) -> Mapping[str, Block]:
        """The blocks that declare something in `namespace`, by name, in source order."""
        return self._blocks.get(namespace, {})

    def known(self, namespace: Namespace) -> frozenset[str]:
        """Every name that can be referred to: the declared and the built-in ones."""
        if namespace not in self._known:
            builtin = KNOWN_SOURCES.get(_BUILTIN_BLOCKS.get(namespace, ""), frozenset())
            if namespace == "secret_type":
                builtin |= {OWN_STORE}
            self._known[namespace] = builtin | self.blocks(namespace).keys()
        return self._known[namespace]

    def check(self, namespace: Namespace, name: str, where: Range) -> bool:
        """Whether `name` can be referred to; an error at `where` if not."""
        if name in self.known(namespace):
            return True
        what = namespace.replace("_", " ")
        self._report.error(where, f'Unknown {what} "{name}"', hint=self._report.similar(name, self.known(namespace)))
        return False

    def _add(self, namespace: Namespace, block: Block) -> None:
        name = ".".join(block.labels)
        if not self._valid(namespace, block):
            return
        first = self._blocks.setdefault(namespace, {}).setdefault(name, block)
        if first is not block:
            self._report.error(
                block.range,
                f'Duplicate {block.type} "{name}"',
                f"The first is on line {first.range.line}.",
                "give one of them another name",
            )

    def _valid(self, namespace: Namespace, block: Block) -> bool:
        pattern = _NAME if namespace in ("job", "resource", "notification") else _TYPE
        if namespace == "variable":
            pattern = _IDENTIFIER
        name, where = block.labels[-1], block.label_ranges[-1]
        if pattern.fullmatch(name) and len(name) <= MAX_LABEL:
            return True
        self._report.error(
            where, f'Invalid name "{name[:MAX_LABEL]}"', f"{_RULES[pattern]} It has at most {MAX_LABEL} characters."
        )
        return False

    def check_type(self, namespace: Namespace, block: Block) -> None:
        """Check the first label of a resource or notification: a type that is declared or built in."""
        kind = _TYPE_OF.get(namespace)
        if kind is not None:
            self.check(kind, block.labels[0], block.label_ranges[0])
