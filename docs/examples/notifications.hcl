# Messages: by a step, by the end of a build, and about a new version.
#
#   job                     ends as     its log has
#   release                 succeeded   "info for team: packed 1.2" "journal: release #1 is succeeded" "whispered by somebody"
#     notify journal        succeeded
#     notify siren          absent
#   broken                  failed      "siren: broken is failed"
#     notify siren          succeeded
#   quiet                   failed
#     notify siren          absent
#     notify journal        absent
#   each-version            succeeded   "bell: a version of" "testing"

notification_type "print" {
  # The params that it takes; others are refused when the pipeline is set.
  params = ["prefix"]

  notify "shell" {
    cmd = "echo \"$${notify_level:+$notify_level for }$param_prefix: $NOTIFY_MESSAGE\""
  }
}

# Steps send it, and no end of a build.
notification "print" "team" {
  params {
    prefix = "team"
  }
}

notification "print" "journal" {
  params {
    prefix = "journal"
  }
  message = "$BUILD_JOB_NAME #$BUILD_NUMBER is $BUILD_STATUS"
  on      = ["all"]
  jobs    = ["release"]
}

notification "print" "siren" {
  params {
    prefix = "siren"
  }
  message = "$BUILD_JOB_NAME is $BUILD_STATUS"
  on      = ["failure", "error"]
  exclude = ["quiet"]
}

notification "print" "bell" {
  params {
    prefix = "bell"
  }
}

# With a runner, the command is run by it, in place of exec.
notification_type "low" {
  runner "as" {
    who = "somebody"
  }

  notify "exec" {
    path = "/bin/sh"
    args = ["-c", "echo \"whispered by $RUN_BY\""]
  }
}

runner_type "as" {
  run {
    path = "env"
    args = ["RUN_BY=$who", "$path", "$args"]
  }
}

notification "low" "whisper" {}

resource "cron" "clock" {
  check_interval = "@every 1h"
}

job "release" {
  task "pack" {
    run "shell" {
      cmd = "echo VERSION=1.2 >> $PIKOCI_OUTPUT"
    }
  }

  notify "print" "team" {
    message = "packed $TASK_PACK_VERSION"
    level   = "info"
  }

  notify "low" "whisper" {}
}

job "broken" {
  task "upload" {
    run "exec" {
      path = "false"
    }
  }
}

job "quiet" {
  task "upload" {
    run "exec" {
      path = "false"
    }
  }
}

# The first build that a version makes sends it, before all else.
job "each-version" {
  on_trigger {
    notify "print" "bell" {
      message = "a version of $GET_CLOCK_DATE"
    }
  }

  get "cron" "clock" {
    trigger = true
  }

  task "test" {
    run "exec" {
      path = "echo"
      args = ["testing"]
    }
  }
}
