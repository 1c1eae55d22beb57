"""Running child processes: started fast, stopped for certain, none left behind.

Who is whose parent, and what speaks for it in the worker::

    worker                        runs nothing itself
      zygote         ZygoteProcess  one for each worker; forks supervisors, outlives them, kills what they leave
        supervisor   Link           runs one command at a time; some idle ones are kept for the next commands
          command    Invocation     the leader of a session of its own
            ...                     what it starts; a daemon that lost its parent becomes its supervisor's child

Two kinds of sockets connect them, each a pair that carries whole messages (`supervision.messages`):

- *control*: one end in the worker, one in the zygote. For each supervisor that it wants, the worker makes a lifeline
  and sends its far end along. The zygote says that it is ready, and nothing else.
- *lifeline*: one end in the worker's `Link`, one in the supervisor, and nowhere else: the zygote closes its copy. The
  worker says run, until and stop; the supervisor ready, then done or failed for each run. In place of run it can say
  hold: then the supervisor says left when the command has ended, and keeps what it left until stop, and then says done.

What it means when an end is closed, which the kernel does for whoever dies:

- the worker's end of a lifeline: kill what runs, say how that went, and end. `Link.cut` closes half of it for that.
- the supervisor's end: it is gone, and the zygote has adopted and killed what it ran. The result is `Reason.LOST`.
- the worker's end of control: the worker is gone or closing. Every lifeline is cut as well, so the zygote waits for the
  supervisors, kills whatever they could not, and ends.
- the zygote's end: it was killed. Supervisors are told so by a signal, kill what they run and end; the worker kills
  what shows its mark all the same (`sweep`), and starts another zygote.

So none of these descriptors may be open in anybody else: a command that had inherited a lifeline would keep itself
alive. Every one is made close-on-exec, and a received one is taken as such in the same call.

A command writes to pipes whose reading ends are the worker's (`execution`). The supervisor closes its copies after its
message about the end, so that everything was written by then, and is read before the result is given.
"""

from pikoci.internal.worker.process.command import DEFAULT_GRACE_SECONDS, ExitResult, Invocation, Reason, ResourceUsage
from pikoci.internal.worker.process.deadline import Deadline
from pikoci.internal.worker.process.errors import SpawnerError
from pikoci.internal.worker.process.execution import Sink
from pikoci.internal.worker.process.spawner import Spawner
from pikoci.internal.worker.process.supervision.messages import User
from pikoci.internal.worker.process.sweep import sweep_leftovers

__all__ = [
    "DEFAULT_GRACE_SECONDS",
    "Deadline",
    "ExitResult",
    "Invocation",
    "Reason",
    "ResourceUsage",
    "Sink",
    "Spawner",
    "SpawnerError",
    "User",
    "sweep_leftovers",
]
