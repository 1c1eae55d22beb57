"""What the server refused, as errors with the way out on the command line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from pikoci.internal.domain.errors import (
    PikociError,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.pkg.client import ApiError, ClientError, ServerUnreachableError


@contextmanager
def clear_errors(url: str) -> Generator[None]:
    """Raise what the API client raises as a PikociError; `url` is where to log in."""
    try:
        yield
    except ApiError as error:
        raise _refused(error, url) from error
    except ServerUnreachableError as error:
        raise UnavailableError(str(error), hint="is the server running? --url names another one") from error
    except ClientError as error:
        raise PikociError(str(error), hint="check --url, and what stands between here and the server") from error
    except (KeyError, TypeError) as error:
        # Answers are read without checking each field first: a server of another version may lack one.
        raise PikociError(
            f"the server's answer is not what this version of pikoci expects ({type(error).__name__}: {error})",
            hint="compare `pikoci version` with `pikoci client version`",
        ) from error


def _refused(error: ApiError, url: str) -> PikociError:
    if error.kind == "unauthenticated":
        return UnauthenticatedError(error.detail, hint=f"run `pikoci client login --url {url}`")
    if error.kind == "password-change-required":
        return PikociError(error.detail, hint="run `pikoci client password`")
    if error.kind:
        return PikociError(error.detail, hint=error.hint)
    return PikociError(error.detail, hint=error.hint or f"is {url} the address of a PikoCI server?")
