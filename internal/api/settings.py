"""What an operator or the program can set about the API. Durations are seconds, sizes bytes."""

from __future__ import annotations

import msgspec


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the HTTP side; every default is fit for production.

    `external_url` is where browsers reach the server, empty where unknown. `max_large_body` is for bodies that hold a
    pipeline's file, `max_webhook_body` for what is posted to a webhook (GitHub posts no more), `max_body` for all
    others. `body_timeout` bounds how long a client may take to send one.
    `principal_lifetime` is how long a checked token is believed without another look at the database: so long may a
    session outlive a password that was changed on another server. `trusted_proxies` are the addresses and networks of
    proxies that are believed about who a client is.
    """

    version: str
    external_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    max_body: int = 64 * 1024
    max_large_body: int = 8 * 1024 * 1024
    max_webhook_body: int = 25 * 1024 * 1024
    body_timeout: float = 60.0
    max_streams: int = 1000
    max_worker_streams: int = 5000
    principal_lifetime: float = 2.0
    principal_cache: int = 1024
