"""The HTTP API.

`create_app` gives the WSGI application. Pages also use `ApiRequest.principal`, `set_session`, `end_session` and
`require_same_origin`.
"""

from pikoci.internal.api.application import create_app
from pikoci.internal.api.authentication import COOKIE, Authentication, end_session, require_same_origin, set_session
from pikoci.internal.api.problems import ErrorHandler, PasswordChangeRequiredError, Problem
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.api.settings import ApiSettings

__all__ = [
    "COOKIE",
    "ApiRequest",
    "ApiSettings",
    "Authentication",
    "ErrorHandler",
    "PasswordChangeRequiredError",
    "Problem",
    "create_app",
    "end_session",
    "require_same_origin",
    "set_session",
]
