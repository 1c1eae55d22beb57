"""What a server is told by its flags, variables and config file, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pikoci.pkg.queue.opening import QueueSettings
from pikoci.shared.addresses import authority


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """All settings of `pikoci server`. Durations are seconds, sizes bytes; the flags' help says what each means."""

    host: str
    port: int
    external_url: str
    trusted_proxies: tuple[str, ...]
    log_level: str
    jwt_secret: str
    jwt_secret_previous: tuple[str, ...]
    secret_key: tuple[str, ...]
    secret_key_lost: bool
    users: tuple[str, ...]
    session_lifetime: float
    api_token_lifetime: float
    db_system: Literal["mem", "sqlite", "postgresql"]
    db_host: str
    db_port: int
    db_user: str
    db_password: str
    db_name: str
    run_migrations: bool
    pubsub_system: str
    queue: QueueSettings
    run_worker: bool
    log_worker_token: bool
    concurrency: int
    drain_timeout: float
    workdir: Path | None
    build_users_group: str
    container_program: str
    allow_privileged_containers: bool
    fs_roots: tuple[str, ...]
    cache_max_age: float
    team: str
    pipeline_name: str
    pipeline_config: Path | None
    vars: Path | None
    heartbeat_interval: float
    lease: float
    max_requeues: int
    team_weights: dict[str, int]
    check_timeout: float
    log_retention: float
    build_retention_age: float
    build_retention_count: int
    audit_retention: float
    audit_log: str
    log_limit: int
    artifact_limit: int
    allow_private_sources: bool

    @property
    def address(self) -> str:
        """The URL at which a user on this machine reaches the server."""
        host = "localhost" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104 - a comparison
        return self.external_url or f"http://{authority(host, self.port)}"
