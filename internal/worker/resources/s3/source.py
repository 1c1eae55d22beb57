"""The params of an s3 resource, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from pikoci.internal.domain.object_key import KeyPattern, KeyPatternError, checked_key
from pikoci.internal.worker.resources.s3.signing import Credentials
from pikoci.internal.worker.tools.environment import text_of
from pikoci.internal.worker.tools.outcome import StepError, failed

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", re.ASCII)
_REGION = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_PORTS = {"http": 80, "https": 443}


class S3Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where objects are, which of them count, and who asks. `origin` and `host` are those of requests.

    Exactly one of `pattern` and `versioned_file` is given. `headers` go with what is stored.
    """

    bucket: str
    origin: str
    host: str
    prefix: str
    region: str
    pattern: KeyPattern | None
    versioned_file: str
    credentials: Credentials | None
    ca_cert: str
    headers: Mapping[str, str]


def read_source(params: Mapping[str, object]) -> S3Source:
    """The source that `params` describe. Raises StepError for what cannot be."""
    bucket, region = text_of(params.get("bucket")), text_of(params.get("region")) or "us-east-1"
    if not _BUCKET.fullmatch(bucket):
        raise StepError(failed(f'"{bucket}" is no name of a bucket'))
    if not _REGION.fullmatch(region):
        raise StepError(failed(f'"{region}" is no region'))
    origin, host, prefix = _address(params, bucket, region)
    regexp, versioned = text_of(params.get("regexp")), text_of(params.get("versioned_file"))
    if bool(regexp) == bool(versioned):
        raise StepError(failed("an s3 resource needs regexp or versioned_file, and not both"))
    try:
        pattern = KeyPattern(regexp) if regexp else None
        versioned = checked_key(versioned) if versioned else ""
    except KeyPatternError as error:
        raise refusal(error) from None
    return S3Source(
        bucket=bucket,
        origin=origin,
        host=host,
        prefix=prefix,
        region=region,
        pattern=pattern,
        versioned_file=versioned,
        credentials=_credentials(params),
        ca_cert=text_of(params.get("ca_cert")),
        headers=_encryption(params),
    )


def refusal(error: KeyPatternError) -> StepError:
    """The end of a step whose keys cannot be."""
    return StepError(failed(f"{error}: {error.hint}" if error.hint else str(error)))


def _address(params: Mapping[str, object], bucket: str, region: str) -> tuple[str, str, str]:
    """The origin of requests, their host, and the path in front of keys."""
    given = text_of(params.get("endpoint"))
    endpoint = given if "://" in given or not given else f"https://{given}"
    try:
        url = urlsplit(endpoint or f"https://s3.{region}.amazonaws.com")
        host, port = url.hostname or "", url.port
    except ValueError:
        raise _no_endpoint(given) from None
    if not host or url.scheme not in _PORTS or url.path.strip("/") or url.query or "@" in url.netloc:
        raise _no_endpoint(given)
    shown = f"[{host}]" if ":" in host else host
    as_path = params.get("path_style")
    if as_path is None:
        as_path = bool(given) or "." in bucket
    name = shown if as_path else f"{bucket.lower()}.{shown}"
    name += f":{port}" if port and port != _PORTS[url.scheme] else ""
    return f"{url.scheme}://{name}", name, f"/{bucket}/" if as_path else "/"


def _no_endpoint(given: str) -> StepError:
    return StepError(failed(f'"{given}" is no endpoint: write such as https://minio.example.com:9000'))


def _credentials(params: Mapping[str, object]) -> Credentials | None:
    """Who asks; nobody if the params name nobody: what the worker could use itself is not for builds."""
    names = ("access_key_id", "secret_access_key", "session_token")
    key_id, secret, token = (text_of(params.get(name)).strip() for name in names)
    if bool(key_id) != bool(secret):
        raise StepError(failed("access_key_id and secret_access_key belong together"))
    return Credentials(key_id, secret, token) if key_id else None


def _encryption(params: Mapping[str, object]) -> dict[str, str]:
    names = {
        "server_side_encryption": "x-amz-server-side-encryption",
        "sse_kms_key_id": "x-amz-server-side-encryption-aws-kms-key-id",
    }
    return {header: text_of(params[name]) for name, header in names.items() if params.get(name)}
