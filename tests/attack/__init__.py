"""Builds that attack: a real server, real workers, and what a build may do to them, to one another and to the machine.

An attempt is a function in `probes`, which a build runs as its task's command: it tries, and says what the system
answered. It is judged from outside: secrets are planted (`canary-…`), and a test looks for them in all that attempts
brought home, in logs and in files; it looks at processes, mounts and directories of the machine, and at what the next
build sees. An attempt that was not tried fails its test.

Each runs at the server's embedded worker and at one in a process of its own, in three ways: `root` and `rights` (a user
with ambient capabilities, as deploy/ansible has it) with users for builds, `plain` without them. Where `plain` does not
hold, the test says so: then docs/security.md is true.

The suite needs root, and makes users, groups, a directory below /var/lib and a mount, all with `pikoci-attack` or
`pkatk` in their names; a later run removes what a killed one left.
"""
