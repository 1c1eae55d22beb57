"""Bounds that several rooms must agree on; what only one needs stands there."""

#: Bytes of a pipeline file, and of a file of variables.
MAX_FILE = 4 * 1024 * 1024
#: Characters of a token in a request.
MAX_TOKEN = 4096
#: A secret of fewer bytes can be guessed.
MIN_SECRET = 32
#: Bytes of one piece of a log, which is one event. A worker cuts logs and batches by it.
MAX_LOG_EVENT = 1024 * 1024
#: Bytes of `NAME=VALUE` of one environment variable that a pipeline sets: what Linux hands to a program, less its end.
MAX_ENV_VARIABLE = 128 * 1024 - 1
#: Bytes of all of them in one `env`. A command may get those of a file, a job, a step and a hook together.
MAX_ENV = 256 * 1024
#: Jobs have a priority between this and its negative.
MAX_PRIORITY = 100
#: Turns that a team may have to one of another's.
MAX_TEAM_WEIGHT = 100
