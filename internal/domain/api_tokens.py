"""What an API token looks like: random, easy to tell from others, and to find where it leaked."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import zlib

PREFIX = "pko_"
#: Tokens that one user, or one team, may have.
MAX_TOKENS = 100
DAY = 24 * 3600
#: Seconds that a token is good for where nothing else is asked for.
DEFAULT_LIFETIME = 90 * DAY
#: Seconds that a token may be good for.
MAX_LIFETIME = 100 * 365 * DAY

_RANDOM_BYTES = 32
_CHECK_BYTES = 4
_FORM = re.compile(r"pko_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})", re.ASCII)


def new_token() -> str:
    """A token of 32 random bytes and a checksum, 53 characters."""
    body = _text(secrets.token_bytes(_RANDOM_BYTES))
    return f"{PREFIX}{body}{_check(body)}"


def is_api_token(text: str) -> bool:
    """Whether the text claims to be one."""
    return text.startswith(PREFIX)


def is_whole(token: str) -> bool:
    """Whether the text can be a token that was made by `new_token`: its checksum is right."""
    match = _FORM.fullmatch(token)
    return match is not None and _check(match[1]) == match[2]


def digest_of(token: str) -> str:
    """What is kept of a token. It is random, and needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check(body: str) -> str:
    return _text(zlib.crc32(body.encode()).to_bytes(_CHECK_BYTES, "big"))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
