"""What a worker is told at its start; nothing here is read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from pikoci.internal.worker.users import BuildUser

#: Variables of the worker's own environment that commands may see. Everything else, secrets above all, stays out.
INHERITED_VARIABLES = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK", "DOCKER_HOST", "XDG_RUNTIME_DIR",
)  # fmt: skip
#: Of these, what leads to things of the worker's own user, and is of no use to another one.
OWN_VARIABLES = frozenset({"HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"})
#: Of the worker's own environment, what only its container program sees: where its daemon, settings and logins are.
CONTAINER_VARIABLES = (
    "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF", "CONTAINER_HOST",
    "CONTAINER_CONNECTION", "CONTAINER_SSHKEY", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "DOCKER_CONTEXT",
    "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION",
)  # fmt: skip
USER_LOCKS = Path("/run/pikoci-build-users")
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set about a worker. Times are seconds, sizes bytes.

    `environment` is what commands start from, already reduced by `inherit_environment`. `workdir` and `spool_dir`
    belong to this worker alone; a second one that is given the same refuses to start.

    With `build_users`, each build and each check runs as one of them; `user_locks` is the same for all workers of a
    machine.

    Resources of type `fs` read and write below `fs_roots` alone; `{team}` in one stands for the build's team.

    Containers are run by `container_program`, a name or path; podman or docker, whichever is found, if it is empty. It
    sees `container_environment` besides `environment`. Pulling an image has `pull_timeout`, every question to the
    program `container_patience`.

    Caches that nobody has used for `cache_max_age` are removed; with 0 they stay.

    `kill_grace` lies between SIGTERM and SIGKILL. Hooks that run after a cancellation have `hook_budget` together, or
    `shutdown_hook_budget` when the worker is told to end at once; both count from the cancellation, so they must be
    more than `kill_grace`. What runs is stopped `lapse_margin` before a lease ends that could not be renewed (a third
    of the lease at most). A finished build waits `report_patience` for its last report before it leaves that to the
    background, `shutdown_patience` when the worker ends. A queue that was asked and does not answer for
    `poll_patience` makes the worker unwell. At the end loops have `loop_patience` to end by themselves, since a call
    cut short can cost its connection; the server has `farewell_patience` to hear that the worker ends.

    The end of a build sends each message within `notify_timeout`, and tries again after each of `notify_pauses`.
    """

    name: str
    instance: str
    version: str
    workdir: Path
    spool_dir: Path
    environment: Mapping[str, str]
    queues: tuple[str, ...] = ("jobs", "checks")
    tags: tuple[str, ...] = ()
    concurrency: int = 1
    build_users: tuple[BuildUser, ...] = ()
    user_locks: Path = USER_LOCKS

    fs_roots: tuple[str, ...] = ()
    container_program: str = ""
    allow_privileged_containers: bool = False
    container_environment: Mapping[str, str] = {}
    pull_timeout: float = 600.0
    container_patience: float = 30.0

    kill_grace: float = 5.0
    hook_budget: float = 300.0
    lapse_margin: float = 8.0
    drain_timeout: float = 600.0
    cache_max_age: float = 30 * 86400.0
    shutdown_hook_budget: float = 8.0
    shutdown_patience: float = 2.0
    loop_patience: float = 0.2
    farewell_patience: float = 1.0

    flush_interval: float = 0.2
    flush_bytes: int = 256 * 1024
    buffer_limit: int = 4 * 1024 * 1024
    report_patience: float = 10.0
    backoff_first: float = 0.2
    backoff_longest: float = 15.0
    receive_timeout: float = 1.0
    poll_patience: float = 30.0

    notify_timeout: float = 20.0
    notify_pauses: tuple[float, ...] = (2.0, 5.0)

    check_output_limit: int = 16 * 1024 * 1024
    check_versions_limit: int = 10_000
    export_limit: int = 1024 * 1024

    @property
    def mark(self) -> str:
        """What the processes of this worker are known by, also after a restart: the Spawner is built with it."""
        return sha256(str(self.workdir.resolve()).encode()).hexdigest()[:16]


def inherit_environment(environment: Mapping[str, str], more: tuple[str, ...] = ()) -> dict[str, str]:
    """The part of a worker's own environment that its commands start from: an allow-list, and the names in `more`."""
    kept = {name: environment[name] for name in (*INHERITED_VARIABLES, *more) if name in environment}
    kept.setdefault("PATH", DEFAULT_PATH)
    kept.setdefault("LANG", "C.UTF-8")
    return kept


def container_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of a worker's own environment that only its container program sees."""
    return {name: environment[name] for name in CONTAINER_VARIABLES if name in environment}
