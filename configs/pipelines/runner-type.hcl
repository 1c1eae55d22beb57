# A runner of your own: a template for the command that tasks run.
#
# $WORKDIR is the work directory. $<name> is an argument of the run block that uses the runner, and $args its list
# `args`, each element an argument of its own.

runner_type "nice" {
  run {
    path = "nice"
    args = ["-n", "$level", "/bin/sh", "-ec", "$script", "script", "$args"]
  }
}

resource "trigger" "start" {}

job "gentle" {
  get "trigger" "start" {
    trigger = true
  }

  task "count" {
    run "nice" {
      level  = 10
      script = "echo \"niceness $(nice), arguments: $*\""
      args   = ["one", "two words"]
    }
  }
}
