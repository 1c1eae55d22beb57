"""What an error's class says to programs."""

from __future__ import annotations

from pikoci.internal.domain.errors import (
    ERRORS,
    ConflictError,
    PermissionDeniedError,
    PikociError,
    Reaction,
    StaleClaimError,
)


def test_each_class_has_a_slug_of_its_own() -> None:
    assert all(kind.slug == vars(kind).get("slug") == slug for slug, kind in ERRORS.items())
    assert len(ERRORS) == 12


def test_waiting_helps_where_the_other_side_is_away_or_busy() -> None:
    waiting = {slug for slug, kind in ERRORS.items() if kind.reaction is Reaction.RETRY}
    assert waiting == {"unavailable", "rate-limited", "name-taken"}


def test_what_somebody_else_has_is_given_up_without_a_fuss() -> None:
    given_up = {kind for kind in ERRORS.values() if kind.reaction is Reaction.REJECT}
    assert given_up == {ConflictError, StaleClaimError, PermissionDeniedError}


def test_every_error_is_built_alike() -> None:
    """So what came over the wire becomes the class that it was, by its slug alone."""
    for kind in ERRORS.values():
        error: PikociError = kind("no", hint="wait", retry_after=2.5)
        assert (error.message, error.hint, error.retry_after) == ("no", "wait", 2.5)
