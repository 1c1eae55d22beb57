"""The rules of names and numbers, for the rooms that see the domain only through the services."""

from pikoci.internal.domain.names import (
    ACCOUNT,
    BUILD_NUMBER_PATTERN,
    DIGEST_PATTERN,
    INSTANCE_PATTERN,
    JOB,
    MAX_NAME,
    MAX_PASSWORD,
    MIN_PASSWORD,
    PIPELINE,
    RESOURCE,
    TOKEN_ID_PATTERN,
    WEBHOOK_TOKEN_PATTERN,
    WORKER,
    Count,
    Id,
    NameRule,
)

__all__ = [
    "ACCOUNT",
    "BUILD_NUMBER_PATTERN",
    "DIGEST_PATTERN",
    "INSTANCE_PATTERN",
    "JOB",
    "MAX_NAME",
    "MAX_PASSWORD",
    "MIN_PASSWORD",
    "PIPELINE",
    "RESOURCE",
    "TOKEN_ID_PATTERN",
    "WEBHOOK_TOKEN_PATTERN",
    "WORKER",
    "Count",
    "Id",
    "NameRule",
]
