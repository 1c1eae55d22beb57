"""A consumer that a test kills: `python -m tests.contract.pkg.queue.holder SYSTEM PREFIX QUEUE`.

It takes messages, prints them and holds them for ever. The address and the redelivery time come in `ADDRESS` and
`REDELIVERY`.
"""

from pikoci.cooperative import make_cooperative

make_cooperative()

import os  # noqa: E402 - imported after the patch
import sys  # noqa: E402 - as above
from dataclasses import replace  # noqa: E402 - as above

import structlog  # noqa: E402 - as above

from pikoci.pkg.queue import Delivery, open_backend  # noqa: E402 - as above
from tests.contract.pkg.queue.site import settings_for  # noqa: E402 - as above


def main(system: str, prefix: str, queue: str) -> None:
    """Take and hold until killed."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = settings_for(system, os.environ["ADDRESS"], prefix)
    backend = open_backend(system, replace(settings, redelivery=float(os.environ["REDELIVERY"])))
    subscription = backend.subscribe([queue])
    held: list[Delivery] = []
    while True:
        delivery = subscription.receive(60.0)
        if delivery is not None:
            held.append(delivery)
            print(delivery.body.decode(), flush=True)  # noqa: T201 - this is what the test reads


if __name__ == "__main__":
    main(*sys.argv[1:])
