"""What requests about API tokens and sessions may say; see `bodies`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from pikoci.internal.api.bodies import PageQuery
from pikoci.internal.api.names import AccountName, PipelineName, TokenName
from pikoci.internal.domain.api_tokens import MAX_LIFETIME


class NewApiToken(Struct, forbid_unknown_fields=True, frozen=True):
    """An API token to make.

    It opens the `team` alone, and of that the `pipeline` alone, where these are given; every team of its owner
    otherwise. With `of_team` it is the team's own and not the caller's. It lasts `expires_in` seconds: 90 days if that
    is left out, for ever if it is null and the server allows that.
    """

    name: TokenName
    role: Literal["read", "write", "maintain", "admin"] = "write"
    team: AccountName | None = None
    pipeline: PipelineName | None = None
    of_team: bool = False
    read_only: bool = False
    is_admin: bool = False
    expires_in: Annotated[int, Meta(ge=1, le=MAX_LIFETIME)] | UnsetType | None = UNSET


class ApiTokenQuery(PageQuery, forbid_unknown_fields=True, frozen=True):
    """Also whose: the `team`'s own, or those of a `user`; the caller's if neither is given."""

    team: AccountName | None = None
    user: AccountName | None = None


class SessionQuery(PageQuery, forbid_unknown_fields=True, frozen=True):
    """Also whose: those of a `user`, the caller's if not given."""

    user: AccountName | None = None


class OwnerQuery(Struct, forbid_unknown_fields=True, frozen=True):
    """Whose: those of a `user`, the caller's if not given."""

    user: AccountName | None = None
