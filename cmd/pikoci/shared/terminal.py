"""How commands talk to a terminal, and to what is none."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
import gevent

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def output_option(function: Decorated) -> Decorated:
    """Declare `--output text|json`."""
    return click.option(
        "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
    )(function)


def respect_no_color(ctx: click.Context) -> None:
    """Leave out colours, also on a terminal, where NO_COLOR is set (https://no-color.org)."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def quiet_interrupts() -> None:
    """Keep gevent from printing a traceback for Ctrl-C; it still ends what runs."""
    hub = gevent.get_hub()
    hub.NOT_ERROR = (*hub.NOT_ERROR, KeyboardInterrupt)


def is_terminal() -> bool:
    """Whether people look at standard output."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def shows_colors() -> bool:
    """Whether colours are wanted: on a terminal, and NO_COLOR is not set."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def visible(text: str) -> str:
    """`text` from somewhere else, in one line and without what could steer a terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "\ufffd" for letter in text)
