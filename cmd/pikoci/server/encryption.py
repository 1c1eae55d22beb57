"""What a server does at its start about encrypted values: refuse keys that do not fit, encrypt what is not yet."""

from __future__ import annotations

import logging

from pikoci.internal.domain.accounts import SYSTEM
from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import Services
from pikoci.server.settings import ServerSettings

log = logging.getLogger(__name__)

#: Stands for the file of a pipeline whose own one cannot be read any more.
LOST = "# The key that encrypted this pipeline was lost: set it anew. Its builds are still there.\n"


def prepare_encryption(store: Store, settings: ServerSettings) -> None:
    """Encrypt with the first key all that is not. The database's schema must be up to date.

    Raises InvalidError where something is encrypted with a key that was not given. Such a server would start no build
    rightly, one error after another; nothing is lost while it waits for the key.
    """
    if unknown := store.sealed.unreadable():
        if not settings.secret_key_lost:
            raise _missing(unknown, given=bool(settings.secret_key))
        with store.transaction():
            forgotten = store.sealed.forget()
        log.warning("gave up %d values of keys that were not given: %s", forgotten, ", ".join(unknown))
    if sealed := store.sealed.seal_all():
        log.info("encrypted %d values with the first --secret-key", sealed)
    elif settings.db_system != "mem" and not settings.secret_key:
        log.info("nothing in the database is encrypted, as there is no --secret-key")


def empty_lost_pipelines(services: Services) -> None:
    """Bring pipelines whose files cannot be read to a state in which they can be set anew, without jobs."""
    for team, pipeline in services.context.store.sealed.unreadable_pipelines():
        services.pipelines.set(SYSTEM, team, pipeline, LOST, {})
        log.warning("pipeline %s/%s has lost its file and its variables: set it anew", team, pipeline)


def _missing(unknown: dict[str, int], *, given: bool) -> InvalidError:
    keys = ", ".join(f"{count} of key {key}" for key, count in unknown.items())
    return InvalidError(
        f"--secret-key: the database has values that {'none of the keys' if given else 'no key'} opens ({keys})",
        hint="give that key after the first one, with a comma; --secret-key-lost gives up what it encrypts",
    )
