"""A worker: takes work from queues, runs it, tells the server, and leaves nothing behind. Start reading here.

The life of a build, with the module in which each part happens:

1.  `pool` waits for a free slot and for a user to run as (`user_pool`), and only then asks the queue.
2.  The message says "look at build 42". `builds` claims it (`claiming`) and acknowledges the message at once, whatever
    the answer was: from here on the claim's lease holds the build, and no queue waits for anything.
3.  `claims` holds the claim. `heartbeat` renews all leases at once. Whatever ends a claim early (somebody cancels it,
    the server gives it away, the lease runs out by our clock) stops the build through its `BuildControl`.
4.  `plan.build` makes a workspace and runs the job's steps and hooks. `plan.sequence` does so in order: attempts, time
    limits and hooks around each step, in a `Scope` that carries what one step exports to the next; `plan.parallel`
    runs steps side by side, `plan.choice` decides between branches. `plan.services` starts what runs beside all steps.
5.  `steps.kinds` does what one step says: a task runs a command, a get or put goes to a resource type (`resources`), a
    notify to a notification type (`notifications`).
    A task's caches are moved to it (`steps.caches`), and away when nothing of the build runs any more.
6.  `tools.commands` has each command run by `process`: a supervisor starts it, and kills all that descends from it.
    One of the docker runner goes through `tools.containers`, which sees to the container's end, too.
7.  What the command writes is masked and capped (`steps.step_log`), and goes to a `reporting.reporter` as all events
    do: numbered, in order, in batches; to a spool on disk while the server is away.
8.  Whatever happened, there is a last event. `plan.farewell` sends the messages that it calls for. When the event is
    delivered, or safe in the spool and handed to `reporting.shipper`, the claim is let go and the slot is free.

Checks of resources (`checks`, `plan.check`) go the same way in slots of their own; their result is one answer. So do
messages that a build waits for approval (`plan.announcement`), in the same slots.
`local` runs a job by the same plan without queue and server.

Killed between any two of these lines: supervisors kill what runs as their lifeline is cut; the lease lapses and the
server has the build run again; the next start of the worker ships spools (`worker`), kills what is marked as its own
(`process.sweep`) and removes old workspaces (`home`).

The rooms lie in floors, each importing from lower ones alone (`worker-floors` in pyproject.toml): claims and pools at
the top, in this folder; `plan`; `steps`; `resources`, `notifications`, `services` and `reporting`; `tools`; `process`
at the bottom.
"""
