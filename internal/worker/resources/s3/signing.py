"""Signatures of requests to S3, as AWS publishes them (Signature Version 4).

Done here rather than by a client library: those look for credentials in the environment, in files and at the address
of the machine's metadata, so that a build could use the worker's own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks. `token` belongs to credentials that are lent for a while."""

    key_id: str
    secret: str
    token: str = ""


def path_of(key: str) -> str:
    """A key, or another path, as it stands in an address."""
    return quote(key, safe=f"/{_UNRESERVED}")


def query_of(values: Mapping[str, str]) -> str:
    """A query in the one order that signatures know."""
    pairs = sorted((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in values.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed(
    credentials: Credentials, region: str, method: str, host: str, path: str, query: str, headers: Mapping[str, str],
    content: str, now: float,
) -> dict[str, str]:  # fmt: skip
    """The headers of a request, with its signature. `content` is the SHA-256 of the body, in hex.

    `path` and `query` are as they stand in the address, `headers` in lower case. `now` is a time in seconds.
    """
    at = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    own = {**headers, "x-amz-content-sha256": content, "x-amz-date": at}
    if credentials.token:
        own["x-amz-security-token"] = credentials.token
    signing = {**own, "host": host}
    names = ";".join(sorted(signing))
    lines = "".join(f"{name}:{' '.join(signing[name].split())}\n" for name in sorted(signing))
    request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{content}"
    scope = f"{at[:8]}/{region}/s3/aws4_request"
    text = f"{_ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    own["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return own
