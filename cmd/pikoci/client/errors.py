"""What the server refused, as errors with the way out on the command line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum, auto

from pikoci.internal.domain.errors import (
    PikociError,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.pkg.client import ApiError, ClientError, ServerUnreachableError

TOKEN_VARIABLE = "PIKOCI_TOKEN"  # noqa: S105 - the name of a variable


class Credentials(Enum):
    """Whence a command has its token."""

    NONE = auto()
    LOGIN = auto()
    VARIABLE = auto()


@contextmanager
def clear_errors(url: str, credentials: Credentials = Credentials.LOGIN) -> Generator[None]:
    """Raise what the API client raises as a PikociError; `url` is where to log in."""
    try:
        yield
    except ApiError as error:
        raise _refused(error, url, credentials) from error
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


def not_logged_in(url: str) -> str:
    """What to say to whoever shows no token and may see more with one."""
    return f"you are not logged in: run `pikoci client login --url {url}`"


def _refused(error: ApiError, url: str, credentials: Credentials) -> PikociError:
    if error.kind == "unauthenticated":
        return _unauthenticated(error, url, credentials)
    if error.kind == "password-change-required":
        return PikociError(error.detail, hint="run `pikoci client password`")
    if error.kind == "not-found" and credentials is Credentials.NONE:
        return PikociError(error.detail, hint=not_logged_in(url))
    if error.kind:
        return PikociError(error.detail, hint=error.hint)
    return PikociError(error.detail, hint=error.hint or f"is {url} the address of a PikoCI server?")


def _unauthenticated(error: ApiError, url: str, credentials: Credentials) -> PikociError:
    hint = f"run `pikoci client login --url {url}`"
    if credentials is Credentials.VARIABLE:
        message = f"{url} refuses the token in the variable {TOKEN_VARIABLE}: {error.detail}"
        return UnauthenticatedError(message, hint=f"put a valid token into it, or `unset {TOKEN_VARIABLE}` and {hint}")
    if credentials is Credentials.LOGIN:
        return UnauthenticatedError(f"the login at {url} is not valid any more: {error.detail}", hint=hint)
    return UnauthenticatedError(f"you are not logged in at {url}", hint=hint)
