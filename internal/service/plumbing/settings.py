"""What an operator can set about the server's work. Durations are seconds, sizes bytes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and periods of the use cases; every default is fit for production.

    `external_url` has no slash at its end and is empty where unknown. `republish_after` is how long a published build
    or check may wait for a claim before its message counts as lost. `old_worker_pause` is how long a worker waits that
    received a message for newer ones. `max_requeues` is how often a build that lost its worker is run again.
    `log_retention`, `build_retention_age` and `audit_retention` of None, and a `build_retention_count` of 0, keep for
    ever. `login_attempts` are those of a name from an address, `login_address_attempts` those of an address, each
    within `login_window`. At most `password_queue` passwords are checked or wait for it at once, `password_share` of
    them for one address. A team in `team_weights` has so many turns to one of a team that is not. The checks of a
    resource that its webhook asks for begin `webhook_gap` apart. API tokens last at most
    `api_token_lifetime`, with None also for ever.
    """

    external_url: str = ""
    heartbeat_interval: float = 5.0
    lease: float = 30.0
    republish_after: float = 15.0
    old_worker_pause: float = 1.0
    max_requeues: int = 3
    team_weights: Mapping[str, int] = {}
    default_check_interval: str = "@every 1m"
    webhook_gap: float = 5.0
    check_timeout: float = 3600.0
    max_versions_per_check: int = 10_000
    max_version_size: int = 64 * 1024
    version_batch: int = 200
    due_batch: int = 500
    schedule_batch: int = 20
    log_head_limit: int = 256 * 1024 * 1024
    log_tail_limit: int = 1024 * 1024
    max_artifact_size: int = 1024 * 1024 * 1024
    max_config_size: int = 4 * 1024 * 1024
    log_retention: float | None = None
    build_retention_age: float | None = None
    build_retention_count: int = 0
    retention_batch: int = 100
    audit_retention: float | None = 400 * 24 * 3600.0
    login_attempts: int = 10
    login_address_attempts: int = 50
    login_window: float = 300.0
    password_queue: int = 32
    password_share: int = 8
    session_lifetime: float = 24 * 3600.0
    api_token_lifetime: float | None = 365 * 24 * 3600.0
    token_leeway: float = 30.0
    follow_poll: float = 1.0
    keep_alive: float = 15.0
