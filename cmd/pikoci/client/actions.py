"""Commands that only tell the server to do something: one POST, one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from pikoci.client.session import Session, with_session

Named = Callable[[Callable[..., None]], Callable[..., None]]


def add_actions(
    group: click.Group,
    named: Named,
    path: Callable[[Mapping[str, Any]], str],
    example: str,
    actions: Mapping[str, tuple[str, str]],
) -> None:
    """Add a command for each action to `group`.

    `named` declares the options that name a thing, `path` gives its address from their values, `example` shows them in
    the help. An action's two texts are its help and what is said when it is done, with the options in braces.
    """
    for name, (help_text, done) in actions.items():
        command = _command(name, path, done)
        full_name = f"pikoci client {group.name} {name}"
        help_page = f"{help_text}\n\nExample: {full_name} {example}"
        group.command(name, help=help_page)(named(with_session(command)))


def _command(name: str, path: Callable[[Mapping[str, Any]], str], done: str) -> Callable[..., None]:
    def act(session: Session, **values: Any) -> None:
        session.say(done.format(**values), session.api.send("POST", f"{path(values)}/{name}"))

    return act
