"""A build of a server, as far as another run of its job needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from pikoci.internal.domain.errors import InvalidError
from pikoci.internal.domain.naming import full_name


class ServerBuild(msgspec.Struct, frozen=True, kw_only=True):
    """What a server tells of a build. `secrets` are the names of variables whose values it does not tell."""

    team: str
    pipeline: str
    job: str
    number: str
    config: str
    changed_since: bool
    variables: dict[str, object]
    secrets: list[str]
    inputs: dict[str, dict[str, object]]
    values: dict[str, object]

    @property
    def name(self) -> str:
        """`main/app/test#3`."""
        return full_name(self.team, self.pipeline, self.job, number=self.number)

    def complete(self, given: Mapping[str, object]) -> dict[str, object]:
        """The variables, of which those that are `given` win. Raises InvalidError, which names all that are missing."""
        missing = [name for name in self.secrets if given.get(name) is None]
        if missing:
            one = len(missing) == 1
            raise InvalidError(
                f"{self.name} needs the {'variable' if one else 'variables'} {', '.join(missing)}, and the server keeps"
                f" {'its value' if one else 'their values'} to itself",
                hint="give each with --var NAME=VALUE, or secrets rather in a JSON file: --vars FILE",
            )
        return {**self.variables, **given}


#: Asks a server (its address, or empty for that of the last login) for the build of that name.
FetchBuild = Callable[[str, str], ServerBuild]
