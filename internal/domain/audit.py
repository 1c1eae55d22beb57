"""What is kept of every change and refusal: who, what, on what, from where, by which token, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

#: The outcome of what was done; what was refused has the slug of its problem instead.
DONE = "done"
#: Stands for all outcomes but `DONE` in a filter.
REFUSED = "refused"
#: The action of an entry that stands for others, too many to be told apart.
MORE = "log.more"
#: The most characters of a name, and of all that an entry says in detail.
MAX_PART = 200
MAX_DETAIL = 1000


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change, or one refusal; names are text, so that entries outlive what they name.

    `actor` is a user's name, `worker NAME`, `webhook` or `the server`, empty for nobody known. `token` is the kind and
    the id of what the request came with, never the token. `object` is named as people do (`main/app/test#12`); `team`
    is empty for what belongs to none. `detail` says what changed by names, never by values. `count` is how often the
    same refusal came, for those that were put together.
    """

    id: int = 0
    at: float = 0.0
    actor: str = ""
    token: str = ""
    action: str
    object: str = ""
    team: str = ""
    address: str = ""
    outcome: str = DONE
    detail: dict[str, str] = {}
    count: int = 1


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are asked for; what is None or empty asks for all.

    `action` ending in a dot stands for all that begin with it. `object` stands for itself and what is below it. `since`
    is the first time that counts, `until` the first that does not.
    """

    team: str | None = None
    actor: str = ""
    action: str = ""
    object: str = ""
    outcome: str = ""
    since: float | None = None
    until: float | None = None

    def matches(self, entry: AuditEntry) -> bool:
        """Whether the entry is asked for, its time apart."""
        return (
            self.team in {None, entry.team}
            and self.actor in {"", entry.actor}
            and _is_within(entry.action, self.action, ".")
            and _is_within(entry.object, self.object, "/#")
            and (self.outcome in {"", entry.outcome} or (self.outcome == REFUSED and entry.outcome != DONE))
        )


def _is_within(text: str, wanted: str, below: str) -> bool:
    if not wanted or text == wanted:
        return True
    if wanted[-1] in below:
        return text.startswith(wanted)
    return below != "." and text.startswith(wanted) and text[len(wanted)] in below


def bounded(detail: Mapping[str, str]) -> dict[str, str]:
    """The detail, cut to `MAX_DETAIL` characters; what was cut ends in `…`."""
    left, kept = MAX_DETAIL, {}
    for name, text in detail.items():
        if left <= 0:
            break
        kept[name] = text if len(text) <= left else f"{text[: left - 1]}…"
        left -= len(kept[name])
    return kept
