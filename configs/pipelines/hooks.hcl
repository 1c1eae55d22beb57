# What can run after a step or a job: one command, or steps of its own.

resource "trigger" "start" {}

resource "trigger" "alarm" {}

job "work" {
  timeout = "5m"

  get "trigger" "start" {
    trigger = true
  }

  # Fails every other time, and is tried three times.
  task "flaky" {
    timeout  = "10s"
    attempts = 3

    run "shell" {
      cmd = "test $(( $(date +%s) % 2 )) -eq 0"
    }

    # With the name of a runner, a hook is one command.
    on_success "shell" {
      cmd = "echo 'Got lucky.'"
    }
    on_failure "exec" {
      path = "echo"
      args = ["No luck three times."]
    }
  }

  # Hooks of a job run last. $BUILD_STATUS tells how it went.
  on_failure {
    # Without one, it holds steps.
    task "explain" {
      run "shell" {
        cmd = "echo \"Build $BUILD_NUMBER of $BUILD_JOB_NAME: $BUILD_STATUS\""
      }
    }
    put "trigger" "alarm" {
      job = "work"
    }
  }

  on_cancel "shell" {
    cmd = "echo 'Somebody stopped it, or it took longer than five minutes.'"
  }

  ensure "shell" {
    cmd = "echo 'This runs in any case.'"
  }
}

job "alarm" {
  get "trigger" "alarm" {
    trigger = true
  }

  task "ring" {
    run "shell" {
      cmd = "echo \"The job $GET_ALARM_JOB has failed.\""
    }
  }
}
