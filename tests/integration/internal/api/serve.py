"""`python -m tests.integration.internal.api.serve PORT`: the API under gunicorn, in memory, with a public pipeline."""

from pikoci.cooperative import make_cooperative

make_cooperative()

import logging  # noqa: E402 - imported after the patch
import sys  # noqa: E402 - as above
import warnings  # noqa: E402 - as above
from typing import Any  # noqa: E402 - as above

from gunicorn.app.base import BaseApplication  # noqa: E402 - as above

from pikoci.internal.api import ApiSettings  # noqa: E402 - as above
from pikoci.server.gunicorn_server import FairGeventWorker  # noqa: E402 - as above
from pikoci.server.paced_socket import Pace  # noqa: E402 - as above
from tests.unit.internal.api.scene import make_scene, with_pipeline  # noqa: E402 - as above


class HastyWorker(FairGeventWorker):
    """The program's own, with little patience."""

    pace = Pace(idle=1.0, headers=0.5, answer=0.5)


class Server(BaseApplication):
    """gunicorn with one gevent worker."""

    def load_config(self) -> None:
        """Listen on the given port."""
        for key, value in {
            "bind": f"127.0.0.1:{sys.argv[1]}",
            "worker_class": "tests.integration.internal.api.serve.HastyWorker",
            "forwarder_headers": "",
            "loglevel": "critical",
            "control_socket_disable": True,
            "graceful_timeout": 1,
        }.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        """The application, in the worker's process."""
        scene = with_pipeline(make_scene(ApiSettings(version="1", body_timeout=0.5)))
        scene.call("POST", "publish")
        scene.finished([b"0123456789"])
        return scene.client.app


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    Server().run()
