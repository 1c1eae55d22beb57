# The pipeline that `make run` starts with: a clock, a job that it triggers, and one that follows.

resource "cron" "every_minute" {
  check_interval = "@every 10s"

  params {
    expression = "* * * * *"
  }
}

job "hello" {
  get "cron" "every_minute" {
    trigger = true
  }

  task "greet" {
    run "shell" {
      cmd = "echo \"Hello from build $BUILD_NUMBER of $BUILD_JOB_NAME\"; echo greeting=hello >> \"$PIKOCI_OUTPUT\""
    }
  }

  task "count" {
    run "shell" {
      cmd = "for i in 1 2 3 4 5; do echo \"$TASK_GREET_GREETING $i\"; sleep 1; done"
    }
  }
}

job "after" {
  get "cron" "every_minute" {
    trigger = true
    passed  = ["hello"]
  }

  task "report" {
    run "exec" {
      path = "date"
      args = ["-u"]
    }
  }
}
