"""Values on their way in and out, the same on every database."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Any, TypeVar

import msgspec

from pikoci.internal.domain.errors import InvalidError

T = TypeVar("T")

#: A row's key, as far as a cursor may name one.
Key = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

_ENCODER = msgspec.json.Encoder(order="sorted")


def shown_text(value: str) -> str:
    """Free text made storable: NUL, which PostgreSQL refuses, and lone surrogates become U+FFFD."""
    if value.isascii():
        return value.replace("\0", "\ufffd") if "\0" in value else value
    clean = value.replace("\0", "\ufffd")
    try:
        clean.encode()
    except UnicodeEncodeError:
        return clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return clean


def key_text(value: str, what: str) -> str:
    """A name or text that must be kept exactly. Raises InvalidError, naming `what`, when no database could keep it."""
    if "\0" in value:
        raise InvalidError(f"{what} contains a NUL character, which cannot be stored")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidError(
                f"{what} contains a lone surrogate at character {error.start + 1}, not valid text"
            ) from error
    return value


def encode_json(value: object) -> str:
    """Canonical JSON: keys sorted at every level, no spaces."""
    return _ENCODER.encode(value).decode()


def version_key(version: object) -> tuple[bytes, str]:
    """SHA-256 and text of a version's canonical JSON: equal objects have equal keys."""
    text = _ENCODER.encode(version)
    return hashlib.sha256(text).digest(), text.decode()


def encode_cursor(*place: float | str) -> str:
    """An opaque cursor for the place in a list where the next page begins."""
    return base64.urlsafe_b64encode(_ENCODER.encode(place)).decode().rstrip("=")


def decode_cursor(cursor: str, place: type[T]) -> T:
    """The inverse of `encode_cursor`, for a tuple type. Raises InvalidError for what that did not make."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        decoded: Any = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=place)
    except (ValueError, binascii.Error) as error:
        raise InvalidError(
            "the cursor is not one of this list", hint="leave it out to start at the beginning"
        ) from error
    return decoded  # type: ignore[no-any-return]  # msgspec checked it against `place`
