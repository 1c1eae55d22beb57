"""Headers that every answer carries."""

from __future__ import annotations

import falcon

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


class SecurityHeaders:
    """Falcon middleware; a resource, such as a page, may say otherwise by setting a header itself. There is no CORS."""

    def process_response(self, _: falcon.Request, response: falcon.Response, __: object, ___: bool) -> None:
        """Fill in what the resource left open."""
        for name, value in SECURITY.items():
            if response.get_header(name) is None:
                response.set_header(name, value)
