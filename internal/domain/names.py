"""What names and numbers may look like: the one source of every check, message and schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import msgspec

#: A label of a pipeline's file has at most so many characters.
MAX_LABEL = 100
#: So has a job's name, which may be made of a label and a key.
MAX_NAME = 200
#: A password has at least so many characters, and at most so many bytes: bcrypt ignores, or refuses, what comes after.
MIN_PASSWORD, MAX_PASSWORD = 8, 72
#: The largest number that everything which stores or sends numbers takes without loss.
MAX_NUMBER = 2**62

Id = Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
#: Seconds since the epoch, to the end of the year 9999.
Moment = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]
ExitCode = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]


@dataclass(frozen=True)
class NameRule:
    """Names of one kind: the characters that may come first and those that may follow, as in a regular expression."""

    first: str
    following: str
    words: str
    longest: int = MAX_LABEL

    @property
    def pattern(self) -> str:
        """The characters as JSON Schema writes them. Python's `$` also lets a newline pass at the end."""
        return f"^[{self.first}][{self.following}]*$"

    @property
    def sentence(self) -> str:
        """The rule for people, to come after a name or `it`."""
        return f"may hold {self.words}, at most {self.longest} characters"

    @cached_property
    def _matcher(self) -> re.Pattern[str]:
        return re.compile(f"[{self.first}][{self.following}]{{0,{self.longest - 1}}}", re.ASCII)

    def allows(self, name: str) -> bool:
        """Whether this can be a name."""
        return self._matcher.fullmatch(name) is not None


_ANY = "letters, digits, `_`, `.` and `-`, the first a letter, a digit or `_`"

#: Users and teams.
ACCOUNT = NameRule("A-Za-z0-9", "A-Za-z0-9_.@-", "letters, digits, `_`, `.`, `@` and `-`, the first a letter or digit")
PIPELINE = NameRule("A-Za-z0-9", "A-Za-z0-9_.-", "letters, digits, `_`, `.` and `-`, the first a letter or digit")
LABEL = NameRule("A-Za-z0-9_", "A-Za-z0-9_.-", _ANY)
JOB = NameRule("A-Za-z0-9_", "A-Za-z0-9_.-", _ANY, MAX_NAME)
WORKER = JOB
#: Entries of the server's own store of secrets.
SECRET = LABEL
#: Two labels with a dot between.
RESOURCE = NameRule("A-Za-z0-9_", "A-Za-z0-9_.-", _ANY, 2 * MAX_LABEL + 1)

#: What the others look like; anchored, for JSON Schema.
BUILD_NUMBER_PATTERN = r"^([1-9][0-9]{0,8})(?:\.([1-9][0-9]{0,8}))?$"
INSTANCE_PATTERN = r"^[A-Za-z0-9]{16,64}(\.[A-Za-z0-9]{1,64})?$"
TOKEN_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"  # noqa: S105 - what an id looks like
WEBHOOK_TOKEN_PATTERN = r"^[A-Za-z0-9_-]{1,200}$"  # noqa: S105 - as above
DIGEST_PATTERN = r"^[0-9a-f]{64}$"
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
