"""`python -m tests.chaos --broker nats --builds 300 --seconds 120 --seed 7`; the same seed makes the same trouble."""

from pikoci.cooperative import make_cooperative

make_cooperative()  # before anything else is imported

import argparse  # noqa: E402 - imported after the patch
import random  # noqa: E402 - as above
import shutil  # noqa: E402 - as above
import signal  # noqa: E402 - as above
import sys  # noqa: E402 - as above
import tempfile  # noqa: E402 - as above
from pathlib import Path  # noqa: E402 - as above

from tests.chaos.run import run  # noqa: E402 - as above
from tests.chaos.settings import Settings  # noqa: E402 - as above
from tests.chaos.world import BROKERS  # noqa: E402 - as above


def main() -> int:
    """Run once for each broker; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    brokers = ["mem", *BROKERS]
    parser.add_argument("--broker", choices=brokers, action="append", help="which one, repeatable [all]")
    parser.add_argument("--builds", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long things go wrong")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="what goes wrong when [random]")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--servers", type=int, default=2)
    options = vars(parser.parse_args())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # which ends what was started, too
    broken = [name for name in options.pop("broker") or brokers if not _keeps_its_promises(name, options)]
    return int(bool(broken))


def _keeps_its_promises(broker: str, options: dict[str, int]) -> bool:
    folder = Path(tempfile.mkdtemp(prefix=f"pikoci-chaos-{broker}-"))
    settings = Settings(broker=broker, folder=folder, **options)
    print(f"\n{broker}: seed {settings.seed}", flush=True)
    result = run(settings, lambda text: print(text, flush=True))
    print(result, flush=True)
    if result.violations:
        print(f"the logs are in {folder}; --broker {broker} --seed {settings.seed} repeats the schedule", flush=True)
        return False
    shutil.rmtree(folder)
    return True


if __name__ == "__main__":
    sys.exit(main())
