"""The Idempotency-Key of changing requests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from pikoci.internal.api.problems import InProgressError, UnprocessableError
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service.errors import InvalidError
from pikoci.internal.service.idempotency import Answer, IdempotencyService, KeyInUseError, KeyReusedError

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Replay:
    """Answers a repeated request as the first one was answered; keys belong to a user and a route."""

    def __init__(self, service: IdempotencyService, wait: float) -> None:
        self._service = service
        self._wait = wait

    def answer(self, request: ApiRequest, body: bytes, action: Callable[[], Answer]) -> Answer:
        """What `action` answers, or answered.

        Raises InvalidError for a key that cannot be, UnprocessableError for one of another request, InProgressError.
        """
        key = request.get_header(HEADER)
        user = request.principal.user
        if key is None or user is None:
            return action()
        if _KEY.fullmatch(key) is None:
            raise InvalidError(f"{HEADER} takes 1 to 255 visible ASCII characters", hint="a UUID is a good key")
        scope = f"{user.id} {request.method} {request.uri_template}"
        asked = f"{request.path}?{request.query_string}\n".encode() + body
        fingerprint = hashlib.sha256(asked).hexdigest()
        try:
            return self._service.run(scope, key, fingerprint, action, self._wait)
        except KeyReusedError as error:
            raise UnprocessableError(error.message, hint=error.hint) from error
        except KeyInUseError as error:
            raise InProgressError(error.message, hint=error.hint) from error
