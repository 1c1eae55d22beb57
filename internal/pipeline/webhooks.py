"""The secret of a resource's webhook."""

from __future__ import annotations

from typing import Any

from pikoci.internal.domain.limits import MAX_TOKEN
from pikoci.internal.pipeline import kinds
from pikoci.internal.pipeline.schema import ConversionError, Kind
from pikoci.pkg.hcl.values import Deferred


def _to_secret(value: Any) -> str:
    if isinstance(value, Deferred):
        raise ConversionError(
            "the server checks what is posted, and only a worker can read this value from its store",
            "take a variable that gets its value when the pipeline is set, with sensitive = true",
        )
    text: str = kinds.to_string(value)
    if text != text.strip() or not text.isprintable():
        raise ConversionError(
            "a webhook's secret has no line breaks, other control characters, or spaces at its ends",
            "if it was read from a file, take the line break off its end",
        )
    if len(text) > MAX_TOKEN:
        raise ConversionError(f"a webhook's secret has at most {MAX_TOKEN:,} characters")
    return text


WEBHOOK_SECRET = Kind("string", _to_secret)
