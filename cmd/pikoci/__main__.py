"""The `pikoci` command."""

import sys

from pikoci.interpreter import refusal

if reason := refusal(sys.version_info[:3]):
    sys.exit(reason)

from pikoci.interrupting import end_at_interrupts

end_at_interrupts()

from pikoci.secrecy import close_to_others  # noqa: E402 - a signal is not to wait for imports

close_to_others()

from pikoci.importing import quick_imports  # noqa: E402 - the environment holds secrets, and imports take their time

with quick_imports():
    from pikoci.cooperative import make_cooperative

    make_cooperative()

    from pikoci.cli import main  # after the patch, as everything else must be

if __name__ == "__main__":
    main()
