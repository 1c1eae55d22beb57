# What can run after a step or a job: one command, or steps.
#
#   job                  ends as     its log has
#   good                 succeeded   "the step went well" "the job is succeeded" "tidying up"
#     hook on_failure    absent
#   bad                  failed      "undoing it" "reported" "the job is failed" "looked after"
#     put alarm          succeeded
#     notify journal     succeeded
#   too-slow             failed      "stopped in time" "the job timed out"
#   alarm                succeeded   "there was an alarm of bad"
#   each-step            succeeded   "after the put" "after the get" "after the block" "after the message"
#     put again          succeeded
#   broken-hook          succeeded
#     hook on_success    failed      "exit status 3"

resource "trigger" "alarm" {}

resource "trigger" "bell" {}

resource "cron" "clock" {
  check_interval = "@every 1h"
}

resource "trigger" "again" {}

notification_type "log" {
  notify "shell" {
    cmd = "echo \"$NOTIFY_MESSAGE\""
  }
}

notification "log" "journal" {}

job "good" {
  task "work" {
    run "exec" {
      path = "true"
    }
    on_success "shell" {
      cmd = "echo 'the step went well'"
    }
    on_failure "shell" {
      cmd = "echo 'never runs'"
    }
  }

  # Hooks of a job run last, and know how it went.
  on_success "shell" {
    cmd = "echo \"the job is $BUILD_STATUS\""
  }
  ensure "shell" {
    cmd = "echo 'tidying up'"
  }
}

job "bad" {
  task "deploy" {
    run "exec" {
      path = "false"
    }
    on_failure "shell" {
      cmd = "echo 'undoing it'"
    }
  }

  # Without a runner, a hook holds steps.
  on_failure {
    task "report" {
      run "shell" {
        cmd = "echo reported"
      }
    }
    put "trigger" "alarm" {
      job = "bad"
    }
    notify "log" "journal" {
      message = "the job is $BUILD_STATUS"
    }
  }

  ensure {
    task "look" {
      run "exec" {
        path = "echo"
        args = ["looked after"]
      }
    }
  }
}

# A job that took longer than its timeout was cancelled as far as its hooks know; it has failed.
job "too-slow" {
  timeout = "1s"

  task "sleep" {
    run "exec" {
      path = "sleep"
      args = ["600"]
    }
  }

  on_cancel {
    task "tell" {
      run "exec" {
        path = "echo"
        args = ["stopped in time"]
      }
    }
    notify "log" "journal" {
      message = "the job timed out"
    }
  }
}

job "alarm" {
  get "trigger" "alarm" {
    trigger = true
  }

  task "ring" {
    run "shell" {
      cmd = "echo \"there was an alarm of $GET_ALARM_JOB\""
    }
  }
}

# Every step may have them.
job "each-step" {
  put "trigger" "bell" {
    on_success "shell" {
      cmd = "echo 'after the put'"
    }
  }

  get "cron" "clock" {
    on_success "shell" {
      cmd = "echo 'after the get'"
    }
  }

  in_parallel {
    task "one" {
      run "exec" {
        path = "true"
      }
    }
    ensure "shell" {
      cmd = "echo 'after the block'"
    }
  }

  notify "log" "journal" {
    ensure "shell" {
      cmd = "echo 'after the message'"
    }
  }

  on_success {
    put "trigger" "again" {}
    notify "log" "journal" {
      message = "and after that"
    }
  }
}

# A hook that fails changes nothing.
job "broken-hook" {
  task "work" {
    run "exec" {
      path = "true"
    }
    on_success "shell" {
      cmd = "exit 3"
    }
  }
}
