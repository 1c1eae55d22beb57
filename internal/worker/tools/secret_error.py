"""Why a secret cannot be had."""

from __future__ import annotations


class SecretError(Exception):
    """A store has no such secret, or does not give it. Its text is one clause for people, without any secret."""
