"""The request as resources see it."""

from __future__ import annotations

from collections.abc import Callable

import falcon

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.service.plumbing.tokens import UserClaims

ANONYMOUS = Principal()


class ApiRequest(falcon.Request):
    """A request with whoever makes it: `principal` is anonymous until the credentials were checked.

    `session` is the one that the credentials opened; `ask_again` gives the principal as it is then, for what lasts, and
    raises once the credentials have ended. `address` is where the request comes from; `client` is the same, but for
    IPv6 the network of 64 bits.
    """

    principal: Principal = ANONYMOUS
    session: UserClaims | None = None
    address: str = ""
    ask_again: Callable[[], Principal] | None = None
    client: str = ""
