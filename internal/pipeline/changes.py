"""Shows a diff to people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from pikoci.internal.domain.plan import Json
from pikoci.internal.pipeline.diff import HIDDEN_CHANGE, Change, Detail
from pikoci.internal.pipeline.masks import HIDDEN

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_MAX_VALUE = 200
_AROUND = 2


def render_diff(changes: Sequence[Change]) -> str:
    """The changes as lines of text, ending in a newline: `+` added, `~` changed, `-` removed, and a summary."""
    if not changes:
        return "No changes.\n"
    lines: list[str] = []
    for change in changes:
        lines.append(f"{_SIGNS[change.kind]} {change.what} {change.name}")
        for detail in change.details:
            lines.extend(_detail(detail))
    lines += ["", _summary(changes)]
    return "\n".join(lines) + "\n"


def _summary(changes: Sequence[Change]) -> str:
    counts = {kind: sum(change.kind == kind for change in changes) for kind in _SIGNS}
    return f"{counts['added']} to add, {counts['changed']} to change, {counts['removed']} to remove."


def _detail(detail: Detail) -> Iterator[str]:
    before, after = detail.before, detail.after
    if before == HIDDEN and after in (HIDDEN, HIDDEN_CHANGE):
        yield f"    ~ {detail.path}: {HIDDEN_CHANGE}"
    elif isinstance(before, str) and isinstance(after, str) and ("\n" in before or "\n" in after):
        yield f"    ~ {detail.path}:"
        yield from _text_lines(before, after)
    elif before is None:
        yield f"    + {detail.path}: {_value(after)}"
    elif after is None:
        yield f"    - {detail.path}: {_value(before)}"
    else:
        yield f"    ~ {detail.path}: {_value(before)} -> {_value(after)}"


def _text_lines(before: str, after: str) -> Iterator[str]:
    """What differs, line by line, with a few lines around it."""
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        yield "        (only line ends differ)"
    for number, group in enumerate(SequenceMatcher(None, old, new).get_grouped_opcodes(_AROUND)):
        if number:
            yield "          ..."
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (f"          {_cut(line)}".rstrip() for line in old[old_start:old_end])
            else:
                yield from (f"        - {_cut(line)}" for line in old[old_start:old_end])
                yield from (f"        + {_cut(line)}" for line in new[new_start:new_end])


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}..."


def _value(value: Json) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))
