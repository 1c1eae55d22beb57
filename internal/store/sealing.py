"""Encryption of values in the database: AES-256-GCM, by keys that are made of what an operator gives.

A sealed value is ASCII text, `sealed:1:KEY:DATA`. KEY names the key, and tells nobody anything of it; DATA is base64 of
a nonce and the ciphertext. Each value is bound to its place, so that one row's does not open in another.
"""

from __future__ import annotations

import binascii
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pikoci.internal.domain.errors import ConflictError

PREFIX = b"sealed:1:"
_SEALED = re.compile(rb"sealed:1:([0-9a-f]{16}):([A-Za-z0-9+/=]*)")
_NONCE = 12


class SealedError(ConflictError):
    """A value was encrypted with a key that this server does not have, or is not what was encrypted."""


@dataclass(frozen=True, slots=True)
class _Key:
    id: bytes
    cipher: AESGCM


@lru_cache(maxsize=64)
def _derived(text: str) -> _Key:
    # Slow on purpose, once for each key: the text may be one that somebody thought up.
    root = Scrypt(salt=b"pikoci secret key", length=32, n=2**14, r=8, p=1).derive(text.encode())

    def part(purpose: bytes, length: int) -> bytes:
        return HKDFExpand(SHA256(), length, purpose).derive(root)

    return _Key(part(b"pikoci key id", 8).hex().encode(), AESGCM(part(b"pikoci values", 32)))


class Sealing:
    """Encrypts with the first key and decrypts with any. Without keys, values stay as they are."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        derived = [_derived(text) for text in keys]
        self._first = derived[0] if derived else None
        self._keys = {key.id: key for key in derived}

    @property
    def key_id(self) -> str:
        """The id of the key that encrypts; empty without keys."""
        return self._first.id.decode() if self._first else ""

    @property
    def prefix(self) -> str:
        """What every value begins with that need not be sealed anew; empty without keys."""
        return f"{PREFIX.decode()}{self.key_id}:" if self._first else ""

    def knows(self, key_id: str) -> bool:
        """Whether values of the key with this id can be opened."""
        return key_id.encode() in self._keys

    def seal(self, data: bytes, place: str) -> bytes:
        """`data`, encrypted for `place` where there is a key."""
        if self._first is None:
            return data
        nonce = os.urandom(_NONCE)
        hidden = nonce + self._first.cipher.encrypt(nonce, data, place.encode())
        return PREFIX + self._first.id + b":" + b64encode(hidden)

    def open(self, data: bytes, place: str) -> bytes:
        """What was sealed for `place`; what is not sealed, as it is. Raises SealedError, naming place and key."""
        if not data.startswith(PREFIX):
            return data
        match = _SEALED.fullmatch(data)
        key = self._keys.get(match[1]) if match else None
        if match is not None and key is None:
            raise SealedError(
                f"{place} is encrypted with the key {match[1].decode()}, which is none of this server's --secret-key",
                hint="give the server that key, too; or set the value anew",
            )
        try:
            if match is None or key is None:
                raise ValueError(place)
            hidden = b64decode(match[2], validate=True)
            return key.cipher.decrypt(hidden[:_NONCE], hidden[_NONCE:], place.encode())
        except (ValueError, binascii.Error, InvalidTag) as error:
            raise SealedError(f"{place} is damaged, or was moved from elsewhere", hint="set the value anew") from error
