"""What was meant by a command or an option that there is not."""

from __future__ import annotations

import click

from pikoci.pkg.hcl.suggestions import closest


def with_suggestion(error: click.ClickException) -> click.ClickException:
    """The error with the name that was probably meant, where a name is wrong and one is near."""
    if isinstance(error, click.exceptions.NoSuchCommand) and error.ctx is not None:
        near = _near_command(error.command_name, error.ctx)
    elif isinstance(error, click.NoSuchOption) and error.ctx is not None:
        options = [name for param in error.ctx.command.get_params(error.ctx) for name in param.opts]
        near = closest(error.option_name, (name for name in options if name.startswith("--")))
    else:
        return error
    return click.UsageError(f"{error.message} Did you mean '{near}'?" if near else error.message, error.ctx)


def _near_command(name: str, ctx: click.Context) -> str | None:
    """One of the group's own, or one of the client's whose `client` was left out."""
    assert isinstance(ctx.command, click.Group)
    near = closest(name, ctx.command.list_commands(ctx))
    if near is None and ctx.parent is None:
        client = ctx.command.get_command(ctx, "client")
        assert isinstance(client, click.Group)
        meant = closest(name, client.commands)
        near = f"client {meant}" if meant else None
    return near
