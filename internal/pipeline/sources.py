"""What `source` can name: `pikoci://<name>` for a definition that comes with the program, or an http(s) address."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pikoci.internal.domain.builtin import BUILTIN_RESOURCE_TYPES, BUILTIN_RUNNERS, BUILTIN_SECRET_TYPES
from pikoci.internal.domain.builtin_notifications import BUILTIN_NOTIFICATION_TYPES
from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES
from pikoci.internal.pipeline.report import Report
from pikoci.pkg.hcl.diagnostics import Range

_SCHEME = "pikoci://"

#: The names behind `pikoci://`, by the block that uses them.
KNOWN_SOURCES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "resource_type": frozenset(BUILTIN_RESOURCE_TYPES),
        "runner_type": frozenset(BUILTIN_RUNNERS),
        "secret_type": frozenset(BUILTIN_SECRET_TYPES),
        "service_type": frozenset(BUILTIN_SERVICES),
        "notification_type": frozenset(BUILTIN_NOTIFICATION_TYPES),
    }
)


def builtin_name(source: str, block: str, where: Range, report: Report) -> str | None:
    """The built-in that `source` names for a block of this type; None, and an error, for anything else."""
    known = KNOWN_SOURCES[block]
    if source.startswith(_SCHEME):
        name = source.removeprefix(_SCHEME)
        if name in known:
            return name
        report.error(where, f'Unknown built-in {block} "{name}"', hint=report.similar(name, known))
    elif source.startswith(("https://", "http://")):
        report.error(
            where,
            "A source on the web is not supported yet",
            f"Known are {_SCHEME} and one of: {', '.join(sorted(known))}.",
            "copy the definition into this file",
        )
    else:
        report.error(
            where,
            f'"{source[:100]}" is not a valid source',
            hint=f"write {_SCHEME}<name>, with one of: {', '.join(sorted(known))}",
        )
    return None
