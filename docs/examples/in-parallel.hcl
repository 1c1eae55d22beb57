# Steps at the same time, within bounds.
#
#   job                          ends as     its log has
#   check                        succeeded   "unit tests: good"
#   one-at-a-time                succeeded   "first is done" "second is done"
#   first-failure                failed
#     task lint                  failed      "exit status 1"
#     task slow                  cancelled   "lint"
#   to-the-end                   failed      "finished all the same"
#     task lint                  failed
#     task slow                  succeeded
#   too-slow                     failed
#     task sleep                 cancelled   "timed out"
#   again                        succeeded   "the second time"
#   all-kinds                    succeeded   "half past nothing" "under way" "all of them are done"
#     get clock                  succeeded
#     put bell                   succeeded

resource "cron" "clock" {
  check_interval = "@every 1h"
}

resource "trigger" "bell" {}

notification_type "log" {
  notify "shell" {
    cmd = "echo \"$NOTIFY_MESSAGE\""
  }
}

notification "log" "journal" {}

job "check" {
  in_parallel {
    task "unit" {
      run "shell" {
        cmd = "while ! test -e linted; do sleep 0.05; done; echo RESULT=good >> \"$PIKOCI_OUTPUT\""
      }
    }
    task "lint" {
      run "shell" {
        cmd = "touch linted"
      }
    }
  }

  task "report" {
    run "shell" {
      cmd = "echo \"unit tests: $TASK_UNIT_RESULT\""
    }
  }
}

# Two tasks that can't stand each other: mkdir fails where the other one has made the directory.
job "one-at-a-time" {
  in_parallel {
    limit = 1
    task "first" {
      run "shell" {
        cmd = "mkdir lock; sleep 0.1; rmdir lock; echo 'first is done'"
      }
    }
    task "second" {
      run "shell" {
        cmd = "mkdir lock; sleep 0.1; rmdir lock; echo 'second is done'"
      }
    }
  }
}

job "first-failure" {
  in_parallel {
    fail_fast = true
    task "lint" {
      run "shell" {
        cmd = "while ! test -e started; do sleep 0.05; done; exit 1"
      }
    }
    task "slow" {
      run "shell" {
        cmd = "touch started; sleep 600"
      }
    }
  }
}

job "to-the-end" {
  in_parallel {
    task "lint" {
      run "shell" {
        cmd = "touch failed; exit 1"
      }
    }
    task "slow" {
      run "shell" {
        cmd = "while ! test -e failed; do sleep 0.05; done; sleep 0.2; echo 'finished all the same'"
      }
    }
  }
}

job "too-slow" {
  in_parallel {
    timeout = "1s"
    task "sleep" {
      run "exec" {
        path = "sleep"
        args = ["600"]
      }
    }
  }
}

# All of the block is done again.
job "again" {
  in_parallel {
    attempts = 2
    task "count" {
      run "shell" {
        cmd = "echo x >> tries"
      }
    }
    task "flaky" {
      run "shell" {
        cmd = "test -e tried && echo 'the second time' || { touch tried; exit 1; }"
      }
    }
  }

  task "both" {
    run "shell" {
      cmd = "test $(wc -l < tries) -eq 2"
    }
  }
}

# Whatever fetches, runs, publishes or tells can stand there.
job "all-kinds" {
  in_parallel {
    get "cron" "clock" {}
    task "look" {
      run "exec" {
        path = "echo"
        args = ["half past nothing"]
      }
    }
    put "trigger" "bell" {}
    notify "log" "journal" {
      message = "under way"
    }
    on_success "shell" {
      cmd = "echo 'all of them are done'"
    }
  }
}
