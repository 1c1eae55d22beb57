"""Whether a delivery comes from somebody who knows the secret."""

from __future__ import annotations

import hashlib
import hmac

from pikoci.internal.domain.webhooks.model import Delivery

#: What stands before the digest in a header that names its algorithm.
_SHA256 = "sha256="
#: Headers with an HMAC-SHA256 of the body in hexadecimal digits, and what stands before these.
SIGNATURES = {
    "x-hub-signature-256": _SHA256,
    "x-hub-signature": _SHA256,  # Bitbucket; GitHub's is SHA-1, which is not believed
    "x-gitea-signature": "",
    "x-forgejo-signature": "",
    "x-gogs-signature": "",
}
#: GitLab sends the secret itself.
TOKEN = "x-gitlab-token"  # noqa: S105 - the name of a header
#: Headers that can show that the sender knows the secret.
PROVING = (*SIGNATURES, TOKEN)


def is_genuine(delivery: Delivery, secret: str) -> bool:
    """Whether the delivery carries the secret, or a signature that was made with it; one that fits is enough.

    Takes as long for a signature that is nearly right as for any other.
    """
    key = secret.encode("utf-8", "surrogatepass")
    digest = hmac.new(key, delivery.body, hashlib.sha256).hexdigest()
    expected = {name: f"{prefix}{digest}".encode() for name, prefix in SIGNATURES.items()} | {TOKEN: key}
    given = {name: _bytes(delivery.header(name)) for name in expected}
    return any(hmac.compare_digest(given[name], value) for name, value in expected.items())


def _bytes(header: str) -> bytes:
    """A header as it came: WSGI makes each byte of it a character."""
    return header.encode("latin-1", "replace")
