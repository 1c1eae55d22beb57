"""Password hashes: bcrypt, so that `NAME:HASH` pairs can come from other programs and go to them."""

from __future__ import annotations

import re

import bcrypt

from pikoci.internal.domain.errors import InvalidError, TooLargeError
from pikoci.internal.domain.names import MAX_PASSWORD, MIN_PASSWORD

_ROUNDS = 12
_HASH = re.compile(r"\$2[aby]\$(0[4-9]|1[0-9])\$[./A-Za-z0-9]{53}", re.ASCII)

#: A hash, of the usual cost, that no password has.
NO_PASSWORD = f"$2b${_ROUNDS}${'.' * 53}"


def hash_password(password: str) -> str:
    """A salted hash; takes a quarter of a second of one core, so run it in a thread."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(_ROUNDS)).decode("ascii")


def verify_password(password: str, hashed: str) -> bool:
    """Whether the password has this hash; takes as long as `hash_password`, whatever the password is."""
    data = password.encode("utf-8", "surrogatepass")
    fits = len(data) <= MAX_PASSWORD and b"\0" not in data
    matches = bcrypt.checkpw(data if fits else b"-", hashed.encode("ascii"))
    return fits and matches


def is_password_hash(text: str) -> bool:
    """Whether this is a bcrypt hash of a cost that a login can bear."""
    return _HASH.fullmatch(text) is not None


def check_new_password(password: str) -> None:
    """Raises InvalidError for a password that is too short or has a NUL, TooLargeError for one too long for bcrypt."""
    try:
        size = len(password.encode())
    except UnicodeEncodeError as error:
        raise InvalidError("the password is not valid text") from error
    if len(password) < MIN_PASSWORD:
        raise InvalidError(f"the password is too short: it needs at least {MIN_PASSWORD} characters")
    if size > MAX_PASSWORD:
        raise TooLargeError(f"the password is too long: it can have at most {MAX_PASSWORD} bytes")
    if "\0" in password:
        raise InvalidError("the password cannot contain a NUL character")
