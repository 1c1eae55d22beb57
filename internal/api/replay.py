"""The Idempotency-Key of changing requests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from pikoci.internal.api.names import IdempotencyKey, fits
from pikoci.internal.api.problems import UnprocessableError
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.service.use_cases.idempotency import Answer, IdempotencyService, KeyReusedError

HEADER = "Idempotency-Key"


class Replay:
    """Answers a repeated request as the first one was answered; keys belong to a user, or a token, and a route."""

    def __init__(self, service: IdempotencyService) -> None:
        self._service = service

    def answer(self, request: ApiRequest, body: bytes, action: Callable[[], Answer]) -> Answer:
        """What `action` answers, or what it answered to the first request with the key.

        Raises InvalidError for a key that cannot be, UnprocessableError for one of another request.
        """
        key = request.get_header(HEADER)
        user = request.principal.user
        if key is None or user is None:
            return action()
        if not fits(key, IdempotencyKey):
            raise InvalidError(f"{HEADER} takes 1 to 255 visible ASCII characters", hint="a UUID is a good key")
        token = request.principal.token
        owner = f"{user.id} token {token.id}" if token else str(user.id)
        scope = f"{owner} {request.method} {request.uri_template}"
        asked = f"{request.path}?{request.query_string}\n".encode() + body
        fingerprint = hashlib.sha256(asked).hexdigest()
        try:
            return self._service.run(scope, key, fingerprint, action)
        except KeyReusedError as error:
            raise UnprocessableError(error.message, hint=error.hint) from error
