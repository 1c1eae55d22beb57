# A step finds out where to go, and conditions decide on that while the build runs.

resource "cron" "beat" {
  check_interval = "@every 1h"
}

job "choose" {
  get "cron" "beat" {
    trigger = true
  }
  task "find-place" {
    run "exec" {
      path = "/bin/sh"
      args = ["-ec", "printf 'PLACE=staging\\n' > $PIKOCI_OUTPUT"]
    }
  }
  if "to-production" {
    condition = "$TASK_FIND_PLACE_PLACE == 'production'"
    task "production" {
      run "exec" {
        path = "echo"
        args = ["going to production"]
      }
    }
  }
  else_if "to-staging" {
    condition = "$TASK_FIND_PLACE_PLACE == 'staging'"
    task "staging" {
      run "exec" {
        path = "echo"
        args = ["going to staging"]
      }
    }
  }
  else {
    task "nowhere" {
      run "exec" {
        path = "echo"
        args = ["staying"]
      }
    }
  }
}
