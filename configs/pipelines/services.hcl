# A database beside the steps of a job, and steps side by side. Redis has to be installed on the worker.
#
#   pikoci run -p configs/pipelines/services.hcl -j test

job "test" {
  service "redis" {}

  in_parallel {
    fail_fast = true

    task "unit" {
      run "shell" {
        cmd = "echo all good; echo RESULT=good >> \"$PIKOCI_OUTPUT\""
      }
    }

    task "integration" {
      run "shell" {
        cmd = "redis-cli --no-auth-warning -u \"$SERVICE_REDIS_URL\" set greeting hello"
      }
    }
  }

  task "report" {
    run "shell" {
      cmd = "echo \"unit tests: $TASK_UNIT_RESULT\""
    }
  }
}
