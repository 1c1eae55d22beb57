# Variables for commands: the inner one wins, and values arrive byte for byte.
#
#   job     ends as     its log has
#   ship    succeeded   "served by pipeline, job, service" "fetched for pipeline, job, get"
#                       "task of pipeline, task" "hook of pipeline, hook" "block of pipeline, block"
#                       "pushed for pipeline, job, put" "told by pipeline, job, notify"
#   fail    failed      "failed in pipeline, hook"
#   late    failed      "stopped in hooks, task" "at the end of pipeline, hook"

# For all commands, those of checks too.
env = { FROM = "pipeline", BY = "nobody" }

variable "password" {
  sensitive = true
  default   = "O'Neil's \"$5\""
}

resource_type "parcel" {
  check "shell" {
    cmd = "echo '[{\"number\": \"1\"}]'"
  }

  pull "shell" {
    cmd = "echo \"fetched for $FROM, $LEVEL, $BY\""
  }

  push "shell" {
    cmd = "echo \"pushed for $FROM, $LEVEL, $BY\"; echo '{\"number\": \"2\"}'"
  }
}

resource "parcel" "box" {}

notification_type "log" {
  notify "shell" {
    cmd = "echo \"told by $FROM, $LEVEL, $BY\""
  }
}

notification "log" "book" {}

service_type "desk" {
  start "shell" {
    cmd = "echo \"served by $FROM, $LEVEL, $BY\""
  }

  stop "shell" {
    cmd = "true"
  }
}

job "ship" {
  env = { LEVEL = "job" }

  service "desk" {
    env = { BY = "service" }
  }

  get "parcel" "box" {
    env = { BY = "get" }
  }

  task "show" {
    env = { BY = "task", PASSWORD = var.password }
    run "shell" {
      cmd = "echo \"task of $FROM, $BY\"; test \"$PASSWORD\" = \"O'Neil's \\\"\\$5\\\"\""
    }

    # Hooks see what their step sees.
    on_success "shell" {
      env = { BY = "hook" }
      cmd = "echo \"hook of $FROM, $BY\"; test -n \"$PASSWORD\""
    }
  }

  in_parallel {
    env = { BY = "block" }
    task "inside" {
      run "shell" {
        cmd = "echo \"block of $FROM, $BY\""
      }
    }
  }

  put "parcel" "box" {
    env = { BY = "put" }
  }

  notify "log" "book" {
    env = { BY = "notify" }
  }
}

job "fail" {
  task "fail" {
    run "exec" {
      path = "false"
    }
  }

  on_failure "shell" {
    env = { BY = "hook" }
    cmd = "echo \"failed in $FROM, $BY\""
  }
}

job "late" {
  timeout = "1s"

  task "sleep" {
    run "exec" {
      path = "sleep"
      args = ["600"]
    }
  }

  on_cancel {
    env = { FROM = "hooks" }
    task "tell" {
      env = { BY = "task" }
      run "shell" {
        cmd = "echo \"stopped in $FROM, $BY\""
      }
    }
  }

  ensure "shell" {
    env = { BY = "hook" }
    cmd = "echo \"at the end of $FROM, $BY\""
  }
}
