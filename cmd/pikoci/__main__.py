"""The `pikoci` command."""

from pikoci.cooperative import make_cooperative

make_cooperative()

import click  # noqa: E402 - imported after the patch, as everything else must be

from pikoci import __version__  # noqa: E402 - as above


@click.group()
@click.version_option(__version__, prog_name="pikoci")
def main() -> None:
    """Run pipelines: server, worker and client in one program."""


if __name__ == "__main__":
    main()
