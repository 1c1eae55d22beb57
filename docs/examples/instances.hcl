# Many jobs from one block: each key of a map, or each combination of some lists.
#
#   job                       ends as     its log has
#   compile--linux-amd64      succeeded   "linux on amd64"
#   compile--linux-arm64      succeeded   "linux on arm64"
#   compile--bsd-amd64        succeeded   "bsd on amd64"
#   compile--bsd-arm64        succeeded   "bsd on arm64"
#   deploy--production        succeeded   "production is eu-2"
#   deploy--staging           succeeded   "staging is eu-1"

variable "environments" {
  type = map(string)
  default = {
    staging    = "eu-1"
    production = "eu-2"
  }
}

resource "cron" "clock" {
  check_interval = "@every 1h"
}

job "compile" {
  matrix {
    os   = ["linux", "bsd"]
    arch = ["amd64", "arm64"]
  }

  get "cron" "clock" {
    trigger = true
  }

  task "compile" {
    run "exec" {
      path = "echo"
      args = ["${each.value.os} on ${each.value.arch}"]
    }
  }
}

job "deploy" {
  for_each = var.environments

  # Waits for all four.
  get "cron" "clock" {
    trigger = true
    passed  = ["compile"]
  }

  task "deploy" {
    run "exec" {
      path = "echo"
      args = ["${each.key} is ${each.value}"]
    }
  }
}
