"""Signatures for S3, beside those of AWS's own library."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest.mock import patch

import pytest

from pikoci.internal.worker.resources.s3.signing import Credentials, path_of, query_of, signed
from tests.services.requirement import module

NOW = 1_767_323_045.0


@pytest.mark.parametrize(
    ("method", "key", "query", "headers", "token"),
    [
        ("GET", "a/b ü+~*'(x).tgz", {}, {}, ""),
        ("GET", "", {"list-type": "2", "prefix": "a b/+&=", "encoding-type": "url", "x": ""}, {}, "a-token=="),
        ("PUT", "x", {"partNumber": "2", "uploadId": "a/b+c"}, {"content-type": "a;  b", "x-amz-acl": "private"}, ""),
    ],
)
def test_they_are_the_same(method: str, key: str, query: dict[str, str], headers: dict[str, str], token: str) -> None:
    module("botocore")
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as Theirs

    content = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    host, path = "bucket.example.com:9000", f"/bucket/{path_of(key)}"
    ours = signed(
        Credentials("KEY", "SECRET", token), "eu-x-1", method, host, path, query_of(query), headers, content, NOW
    )
    url = f"https://{host}{path}" + (f"?{query_of(query)}" if query else "")
    request: Any = AWSRequest(method=method, url=url, headers=headers)
    request.context["payload_signing_enabled"] = True
    now = dt.datetime.fromtimestamp(NOW, dt.UTC)
    with patch("botocore.auth.get_current_datetime", lambda: now):
        S3SigV4Auth(Theirs("KEY", "SECRET", token or None), "s3", "eu-x-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == request.context["timestamp"]
