"""The errors that use cases raise, for the rooms that see the domain only through the services."""

from pikoci.internal.domain.errors import (
    ConflictError,
    Diagnostic,
    InvalidError,
    InvalidPipelineError,
    NameTakenError,
    NotFoundError,
    PermissionDeniedError,
    PikociError,
    RateLimitedError,
    StaleClaimError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)

__all__ = [
    "ConflictError",
    "Diagnostic",
    "InvalidError",
    "InvalidPipelineError",
    "NameTakenError",
    "NotFoundError",
    "PermissionDeniedError",
    "PikociError",
    "RateLimitedError",
    "StaleClaimError",
    "TooLargeError",
    "UnauthenticatedError",
    "UnavailableError",
]
