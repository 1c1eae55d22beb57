# Which worker runs a job, in which order, and what comes of it if the worker is lost. `low` and then `high` are started
# before there is a worker with the tag "vpn". `deploy` and `test` run on one that is killed and started again.
#
#   job         ends as     its log has
#   check       succeeded   "found behind the vpn"
#   low         succeeded   "after high"
#   high        succeeded   "before low"
#   deploy      errored     "requeue_on_worker_loss = false"
#   test        succeeded   "the second time"

variable "folder" {
  description = "A directory that the workers share."
}

resource_type "inside" {
  check "shell" {
    cmd = "echo \"[{\\\"network\\\": \\\"vpn\\\"}]\""
  }

  pull "shell" {
    cmd = "true"
  }
}

# Only workers with the tag check it.
resource "inside" "service" {
  tags = ["vpn"]
}

job "check" {
  tags = ["vpn"]

  get "inside" "service" {}

  task "show" {
    run "shell" {
      cmd = "echo \"found behind the $GET_SERVICE_NETWORK\""
    }
  }
}

job "low" {
  tags = ["vpn"]

  task "run" {
    run "shell" {
      cmd = "test -e ${var.folder}/high && echo 'after high'"
    }
  }
}

# Where both wait for a worker, this one goes first.
job "high" {
  tags     = ["vpn"]
  priority = 10

  task "run" {
    run "shell" {
      cmd = "touch ${var.folder}/high; echo 'before low'"
    }
  }
}

# Must not run twice.
job "deploy" {
  tags                   = ["vpn"]
  requeue_on_worker_loss = false

  task "deploy" {
    run "shell" {
      cmd = "touch ${var.folder}/deploying; sleep 600"
    }
  }
}

job "test" {
  tags = ["vpn"]

  task "test" {
    run "shell" {
      cmd = "test -e ${var.folder}/testing && echo 'the second time' || { touch ${var.folder}/testing; sleep 600; }"
    }
  }
}
