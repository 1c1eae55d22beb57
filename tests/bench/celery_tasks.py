"""What Celery runs beside us: one task that starts a command. For the environment of `celery_peer`, not for ours.

`CELERY_BROKER_URL` says where RabbitMQ is, `BENCH_MARKS` the file that gets a line with the time at a task's start and
one at its end. `python celery_tasks.py COUNT` fills the queue.
"""

import os
import subprocess
import sys
import time

from celery import Celery  # type: ignore[import-not-found] # it is in the other environment

app = Celery("celery_tasks", broker=os.environ["CELERY_BROKER_URL"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)
MARKS = os.open(os.environ["BENCH_MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@app.task(name="true")  # type: ignore[untyped-decorator] # as above
def true() -> None:
    """Run /bin/true."""
    os.write(MARKS, b"%.6f\n" % time.time())
    subprocess.run(["/bin/true"], check=True)
    os.write(MARKS, b"%.6f\n" % time.time())


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        true.delay()
