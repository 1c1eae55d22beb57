"""The server's own store of secrets."""

from __future__ import annotations

from pikoci.internal.api import render, views
from pikoci.internal.api.bodies import NewSecret, PageQuery
from pikoci.internal.api.request import ApiRequest
from pikoci.internal.service import Services


class Secrets:
    """`…/secrets` of a team and of a pipeline. Values go in, and never out."""

    def __init__(self, services: Services) -> None:
        self._secrets = services.secrets

    def list(self, request: ApiRequest, team: str, query: PageQuery) -> views.Listing[views.SecretView]:
        """What is known of a team's entries, by name."""
        return self.list_of_pipeline(request, team, "", query)

    def set(self, request: ApiRequest, team: str, secret: str, body: NewSecret) -> None:
        """Keep a value for all pipelines of a team."""
        self._secrets.set(request.principal, team, "", secret, body.value)

    def delete(self, request: ApiRequest, team: str, secret: str) -> None:
        """Forget an entry of a team."""
        self._secrets.delete(request.principal, team, "", secret)

    def list_of_pipeline(
        self, request: ApiRequest, team: str, pipeline: str, query: PageQuery
    ) -> views.Listing[views.SecretView]:
        """What is known of a pipeline's own entries, by name."""
        found = [render.secret(one) for one in self._secrets.list(request.principal, team, pipeline)]
        return render.part(found, query.limit, query.cursor)

    def set_of_pipeline(self, request: ApiRequest, team: str, pipeline: str, secret: str, body: NewSecret) -> None:
        """Keep a value for one pipeline."""
        self._secrets.set(request.principal, team, pipeline, secret, body.value)

    def delete_of_pipeline(self, request: ApiRequest, team: str, pipeline: str, secret: str) -> None:
        """Forget an entry of a pipeline."""
        self._secrets.delete(request.principal, team, pipeline, secret)
