"""A browser without a screen: it sends what browsers send, and knows nothing else."""

from __future__ import annotations

from falcon.testing import Result, TestClient

from pikoci.internal.api import COOKIE, ApiSettings, create_app
from pikoci.internal.domain.accounts import Principal
from pikoci.internal.web import add_pages
from tests.integration.internal.service.world import World

FORM = "application/x-www-form-urlencoded"
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


class Site:
    """The pages of a world; requests carry the session of its administrator until `log_out`."""

    def __init__(self, world: World, protocol: str = "http") -> None:
        self.world = world
        self._protocol = protocol
        app = create_app(world.services, ApiSettings(version="1"))
        add_pages(app, world.services)
        self._client = TestClient(app)
        self.cookies: dict[str, str] = {}
        self.log_in(world.alice)

    def log_in(self, principal: Principal) -> None:
        assert principal.user is not None
        self.cookies = {COOKIE: self.world.services.tokens.user_token(principal.user)}

    def log_out(self) -> None:
        self.cookies = {}

    def get(self, path: str, **headers: str) -> Result:
        return self._request("GET", path, headers)

    def post(self, path: str, body: str = "", **headers: str) -> Result:
        """Send a form of this site's own pages, unless the headers say otherwise."""
        return self._request("POST", path, {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin", **headers}, body)

    def _request(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> Result:
        headers = {"Accept": HTML, **{name.replace("_", "-"): value for name, value in headers.items() if value}}
        return self._client.simulate_request(
            method, path, protocol=self._protocol, headers=headers, cookies=self.cookies, body=body
        )
