"""Everything that is kept: peewee models, migrations, and a repository for each aggregate.

`open_store` is the way in. SQL is written once for SQLite and PostgreSQL (see `session`); `mem` is SQLite in memory.
"""

from pikoci.internal.store.opening import StoreSettings, open_store

__all__ = ["StoreSettings", "open_store"]
