# Hands files from one job to the next. The server keeps them, so the jobs may run on different workers.

resource "cron" "nightly" {
  check_interval = "0 3 * * *" # every day at three, UTC
}

resource "artifact" "build" {
  params {
    dir = "build" # where a get unpacks it
  }
}

job "build" {
  get "cron" "nightly" {
    trigger = true
  }

  task "compile" {
    outputs = ["out"]
    run "shell" {
      cmd = <<-EOT
        mkdir out
        printf '#!/bin/sh\necho "built at %s"\n' "$(date -u)" > out/app
        chmod +x out/app
      EOT
    }
  }

  # Stores the directory; what it makes is a new version of the resource.
  put "artifact" "build" {
    dir = "out"
  }
}

job "smoke-test" {
  get "artifact" "build" {
    trigger = true
    passed  = ["build"]
  }

  task "run" {
    inputs = ["build"]
    run "exec" {
      path = "build/app"
    }
  }
}
