"""Everything that is kept: models, migrations, and a repository for each aggregate.

`open_store` is the way in; `mem` is SQLite in memory.

Queries have one idiom, the *named statement*: SQL as text, once for SQLite and PostgreSQL (see `session`), a constant
at the head of its module, or made by a `…_sql` function where its length varies; values go as parameters, always. What
it says of columns comes from the table (see `tables`): `BUILDS.select`, `BUILDS.returning`, `BUILDS.insert()`,
`BUILDS.assignments`; and `BUILDS.read` makes the entity of a row, `BUILDS.values` the row of an entity. So a new column
that the domain is to see is a field of its entity, a line in the model and a migration. Tests explain every named
statement, and fail for one that walks a whole table.
"""

from pikoci.internal.store.opening import StoreSettings, open_store

__all__ = ["StoreSettings", "open_store"]
