# Steps that run or not: decided while the build runs, or when the pipeline is set.
#
#   job                         ends as     its log has
#   many                        succeeded   "12 changes: publishing"
#     if enough                 succeeded
#     else_if some              skipped     "a branch before it was taken"
#     task wait                 skipped     "its branch was not taken"
#   few                         succeeded   "3 changes: looking again"
#   none                        succeeded   "0 changes: not yet"
#   nested                      succeeded   "more than nine" "told" "side by side"
#     put bell                  succeeded
#     get clock                 succeeded
#   staging                     succeeded   "a rehearsal with a desk"
#     task announce             absent

variable "environment" {
  default = "staging"
}

resource "cron" "clock" {
  check_interval = "@every 1h"
}

resource "trigger" "bell" {}

resource "trigger" "alarm" {}

notification_type "log" {
  notify "shell" {
    cmd = "echo \"$NOTIFY_MESSAGE\""
  }
}

notification "log" "journal" {}

service_type "desk" {
  start "shell" {
    cmd = "touch desk"
  }

  stop "shell" {
    cmd = "rm desk"
  }
}

job "many" {
  task "look" {
    run "shell" {
      cmd = "echo CHANGES=12 >> \"$PIKOCI_OUTPUT\""
    }
  }

  # A text is decided at the moment when the build gets there.
  if "enough" {
    condition = "$TASK_LOOK_CHANGES > 9 && $BUILD_JOB_NAME == 'many'"
    task "publish" {
      run "shell" {
        cmd = "echo \"$TASK_LOOK_CHANGES changes: publishing\""
      }
    }
  }
  else_if "some" {
    condition = "$TASK_LOOK_CHANGES"
    task "again" {
      run "shell" {
        cmd = "echo 'never runs'"
      }
    }
  }
  else {
    task "wait" {
      run "shell" {
        cmd = "echo 'never runs'"
      }
    }
  }
}

job "few" {
  task "look" {
    run "shell" {
      cmd = "echo CHANGES=3 >> \"$PIKOCI_OUTPUT\""
    }
  }

  if "enough" {
    condition = "$TASK_LOOK_CHANGES > 9"
    task "publish" {
      run "exec" {
        path = "false"
      }
    }
  }
  # Zero, empty and false don't hold.
  else_if "some" {
    condition = "$TASK_LOOK_CHANGES"
    task "again" {
      run "shell" {
        cmd = "echo \"$TASK_LOOK_CHANGES changes: looking again\""
      }
    }
  }
}

job "none" {
  task "look" {
    run "shell" {
      cmd = "echo CHANGES=0 >> \"$PIKOCI_OUTPUT\""
    }
  }

  if {
    condition = "$TASK_LOOK_CHANGES"
    task "publish" {
      run "exec" {
        path = "false"
      }
    }
  }
  else {
    task "wait" {
      run "shell" {
        cmd = "echo \"$TASK_LOOK_CHANGES changes: not yet\""
      }
    }
  }
}

# Branches hold what a plan holds, conditions too.
job "nested" {
  task "look" {
    run "shell" {
      cmd = "echo CHANGES=12 >> \"$PIKOCI_OUTPUT\""
    }
  }

  if "some" {
    condition = "$TASK_LOOK_CHANGES"

    get "cron" "clock" {}
    put "trigger" "bell" {}

    if "many" {
      condition = "$TASK_LOOK_CHANGES > 9"
      task "count" {
        run "shell" {
          cmd = "echo 'more than nine'"
        }
      }
    }
    else_if "few" {
      condition = "$TASK_LOOK_CHANGES > 1"
      notify "log" "journal" {}
    }
    else {
      put "trigger" "alarm" {}
    }

    in_parallel {
      task "one" {
        run "shell" {
          cmd = "echo 'side by side'"
        }
      }
      notify "log" "journal" {
        message = "told"
      }
    }
  }
  else {
    in_parallel {
      put "trigger" "alarm" {}
      notify "log" "journal" {}
    }
  }
}

# A bool is decided when the pipeline is set: the job has the steps or not.
job "staging" {
  if {
    condition = var.environment == "production"
    task "announce" {
      run "shell" {
        cmd = "echo 'going live'"
      }
    }
  }
  else_if {
    condition = startswith(var.environment, "stag")
    service "desk" {}
    task "rehearse" {
      run "shell" {
        cmd = "test -e desk && echo 'a rehearsal with a desk'"
      }
    }
  }
}
