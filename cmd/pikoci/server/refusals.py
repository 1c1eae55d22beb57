"""What is answered to requests that gunicorn cannot read, and how such bodies look to the application."""

from __future__ import annotations

import errno
import json
from http.client import responses
from typing import Any

from gunicorn.http import errors

from pikoci.server.paced_socket import SlowHeadersError

_STATUSES: dict[type[Exception], int] = {
    SlowHeadersError: 408,
    errors.LimitRequestLine: 414,
    errors.ExpectationFailed: 417,
    errors.LimitRequestHeaders: 431,
    errors.UnsupportedTransferCoding: 501,
}
#: Faults of this program, not of the client; two of them are subclasses of what is the client's.
_OURS = ("InvalidResponseHeader", "InvalidResponseHeaderName", "ConfigurationProblem")
_LONGEST = 200


def refusal_status(error: BaseException) -> int | None:
    """The status for a request that failed so; None where it is not the client's fault."""
    if type(error).__name__ in _OURS or not isinstance(error, errors.ParseException | SlowHeadersError):
        return None
    return _STATUSES.get(type(error), 400)


def refusal(status: int, error: BaseException) -> bytes:
    """The whole answer, a problem document; the connection ends with it."""
    title = responses[status]
    detail = str(error)[:_LONGEST] or "the headers did not arrive in time"
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = json.dumps(problem).encode("ascii")
    head = (
        f"HTTP/1.1 {status} {title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


class BodyReader:
    """Reads a request's body for gunicorn. After a failed read nothing more is expected of the connection."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._reader = request.body.reader

    def read(self, size: int) -> bytes:
        """Some of the body. Raises ConnectionResetError for one that is malformed: it is as lost as a broken one."""
        try:
            data: bytes = self._reader.read(size)
        except (errors.ParseException, errors.NoMoreData) as error:
            self._request.force_close()
            raise ConnectionResetError(errno.ECONNRESET, str(error)[:_LONGEST]) from error
        except BaseException:  # a limit in time, too: nobody knows where the next request begins
            self._request.force_close()
            raise
        return data
