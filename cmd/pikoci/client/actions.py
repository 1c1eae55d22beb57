"""Commands that only tell the server to do something: one call, one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from pikoci.client.session import Session, with_session
from pikoci.pkg.client import Client

Named = Callable[[Callable[..., None]], Callable[..., None]]
Call = Callable[[Client, Mapping[str, Any]], Any]


def add_action(group: click.Group, name: str, named: Named, call: Call, texts: tuple[str, str, str]) -> None:
    """Add a command to `group`.

    `named` declares the options that name a thing, `call` gets their values. The texts are: the help, the options in
    its example, and what is said when it is done, with the options' values in braces.
    """
    help_text, example, done = texts

    @named
    @with_session
    def act(session: Session, **values: Any) -> None:
        session.say(done.format(**values), call(session.api, values))

    help_page = f"{help_text}\n\nExample: pikoci client {group.name} {name} {example}"
    group.command(name, help=help_page)(act)
