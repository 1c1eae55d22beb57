"""Why a broker is away, in a line, with the settings to look at."""

from __future__ import annotations

from collections.abc import Mapping

#: Of every system, as in `explain`.
_HINTS = {"CERTIFICATE_VERIFY_FAILED": "check QUEUE_TLS_CA"}


def explain(reason: object, hints: Mapping[str, str]) -> str:
    """Tell a reason, or an error, and what to look at.

    `hints` are a system's own: what to say where the reason has a word, in upper or lower case, or is of a class.
    """
    kind = type(reason).__name__
    text = str(reason) or kind
    searched = f"{kind} {text}".lower()
    found = dict.fromkeys(hint for word, hint in (_HINTS | dict(hints)).items() if word.lower() in searched)
    return "; ".join([text, *found])
