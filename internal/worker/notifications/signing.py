"""Tokens signed by an RSA key (RS256), as GitHub wants them of an App: RFC 7519, and RFC 8017 for the signature."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

import msgspec

_PEM = re.compile(r"-----BEGIN (RSA )?PRIVATE KEY-----(.+?)-----END", re.DOTALL)
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_BITS = range(1024, 4097)  # longer ones take too long, and nobody has them
_BACKWARDS, _SECONDS = 60, 540  # clocks differ; GitHub takes ten minutes at most


class InvalidKeyError(Exception):
    """The text is no RSA private key that can be used here. The message shows nothing of it."""


def signed_token(pem: str, issuer: str, now: float) -> str:
    """A token in the name of `issuer`, for nine minutes from `now` (seconds). Raises InvalidKeyError."""
    modulus, exponent = _read_key(pem)
    claims = {"iat": int(now) - _BACKWARDS, "exp": int(now) + _SECONDS, "iss": issuer}
    parts = (msgspec.json.encode(part) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    text = b".".join(_base64(part) for part in parts)
    size = (modulus.bit_length() + 7) // 8
    digest = _SHA256 + hashlib.sha256(text).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    signature = pow(int.from_bytes(padded, "big"), exponent, modulus).to_bytes(size, "big")
    return (text + b"." + _base64(signature)).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _read_key(pem: str) -> tuple[int, int]:
    """Modulus and private exponent of a key in the forms PKCS#1 and PKCS#8."""
    found = _PEM.search(pem)
    if found is None:
        raise InvalidKeyError("private_key holds no RSA private key in PEM form")
    try:
        key = _elements(base64.b64decode("".join(found[2].split()), validate=True))
        if not found[1]:
            key = _elements(key[2])  # PKCS#8: version, algorithm, and the key itself
        modulus, exponent = (int.from_bytes(key[place], "big") for place in (1, 3))
    except (binascii.Error, ValueError, IndexError):
        raise InvalidKeyError("private_key is damaged, or of another kind than RSA") from None
    if modulus.bit_length() not in _BITS or exponent.bit_length() > modulus.bit_length():
        raise InvalidKeyError(f"private_key is no RSA key of {_BITS.start} to {_BITS.stop - 1} bits")
    return modulus, exponent


def _elements(data: bytes) -> list[bytes]:
    """The contents of the elements of a DER sequence. Raises IndexError for one that is cut off."""
    inner, _ = _element(data)
    found = []
    while inner:
        content, inner = _element(inner)
        found.append(content)
    return found


def _element(data: bytes) -> tuple[bytes, bytes]:
    """The content of the first element, and what follows it."""
    length, start = data[1], 2
    if length > 127:
        start += length & 127
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise IndexError
    return data[start : start + length], data[start + length :]
