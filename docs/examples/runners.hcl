# How a command is run: by a shell, by itself, or by a runner of your own.
#
#   job       ends as     its log has
#   run       succeeded   "HOME=/" "$HOME stays" "3 in the work directory" "a file of the repository"
#                         "arguments: one, two words"

# A template. `$WORKDIR` is the work directory, `$<name>` a param of the run block, and `$args` its list of arguments.
runner_type "logged" {
  run {
    path = "env"
    args = ["LEVEL=$level", "/bin/sh", "-ec", "cd $WORKDIR; $script", "script", "$args"]
  }
}

job "run" {
  task "shell" {
    run "shell" {
      cmd = "echo \"HOME=$HOME\""
    }
  }

  # Without a shell nothing is expanded.
  task "exec" {
    run "exec" {
      path = "echo"
      args = ["$HOME stays"]
    }
  }

  task "own" {
    run "logged" {
      level  = 3
      script = "echo \"$LEVEL in the work directory\"; echo \"arguments: $1, $2\""
      args   = ["one", "two words"]
    }
  }

  task "write" {
    run "shell" {
      cmd = "printf '#!/bin/sh\\necho a file of the repository\\n' > script.sh; chmod +x script.sh"
    }
  }

  task "file" {
    inputs = ["script.sh"]
    run "shell" {
      file = "script.sh"
    }
  }
}
