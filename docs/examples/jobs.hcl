# What a job says about its builds: how many at a time, how long, and what counts as success. `deploy` and `preview` are
# started twice at once.
#
#   job              ends as     its log has
#   deploy           succeeded   "deploying 1"
#   deploy #2        succeeded   "deploying 2"
#   preview          cancelled   "2"
#   preview #2       succeeded   "rendering 2"
#   migrate          succeeded
#   restart          succeeded
#   lint             warning     "exit status 1"
#   release          succeeded   "released 1"
#   too-slow         failed      "timed out after 1s" "stopped"
#   never-again      failed

variable "folder" {
  description = "A directory of the worker, in which builds notice one another."
}

resource "trigger" "linted" {}

# One build at a time: mkdir would fail while another one has the directory.
job "deploy" {
  concurrency = 1

  task "deploy" {
    run "shell" {
      cmd = <<-EOT
        mkdir ${var.folder}/deploy
        echo "deploying $BUILD_NUMBER"
        sleep 0.2
        rmdir ${var.folder}/deploy
      EOT
    }
  }
}

# A newer build cancels the older ones, which would take ten minutes here.
job "preview" {
  interruptible = true

  task "render" {
    run "shell" {
      cmd = "test $BUILD_NUMBER = 2 || sleep 600; echo \"rendering $BUILD_NUMBER\""
    }
  }
}

# Of all jobs of a group, one runs at a time.
job "migrate" {
  serial_groups = ["database"]

  task "migrate" {
    run "shell" {
      cmd = "mkdir ${var.folder}/database; sleep 0.2; rmdir ${var.folder}/database"
    }
  }
}

job "restart" {
  serial_groups = ["database"]

  task "restart" {
    run "shell" {
      cmd = "mkdir ${var.folder}/database; sleep 0.2; rmdir ${var.folder}/database"
    }
  }
}

# It fails, and what comes after it goes on all the same.
job "lint" {
  allow_failure = true

  put "trigger" "linted" {
    number = 1
  }

  task "lint" {
    run "exec" {
      path = "false"
    }
  }
}

job "release" {
  get "trigger" "linted" {
    trigger = true
    passed  = ["lint"]
  }

  task "release" {
    run "shell" {
      cmd = "echo \"released $GET_LINTED_NUMBER\""
    }
  }
}

job "too-slow" {
  timeout = "1s"

  task "sleep" {
    run "exec" {
      path = "sleep"
      args = ["600"]
    }
  }

  on_cancel "shell" {
    cmd = "echo stopped"
  }
}

# A retry of its builds is refused: "job never-again takes no retries".
job "never-again" {
  disable_retry = true

  task "fail" {
    run "exec" {
      path = "false"
    }
  }
}
