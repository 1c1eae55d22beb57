"""Use cases; the owner of transactions."""
