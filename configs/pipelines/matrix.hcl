# One job for each combination, and one that waits for all of them.

variable "shells" {
  description = "The shells to try, separated by commas."
  type        = string
  default     = "sh,bash"
}

variable "environments" {
  type = map(string)
  default = {
    staging    = "eu-1"
    production = "eu-2"
  }
}

variable "with_summary" {
  type    = bool
  default = true
}

resource "trigger" "start" {}

# Makes try--sh-fast, try--sh-slow, try--bash-fast and try--bash-slow.
job "try" {
  matrix {
    shell = split(",", var.shells)
    speed = ["fast", "slow"]
  }

  get "trigger" "start" {
    trigger = true
  }

  task "run" {
    run "shell" {
      shell = "/bin/${each.value.shell}"
      cmd   = "echo 'This is ${each.key}.'; sleep ${each.value.speed == "slow" ? 2 : 0}"
    }
  }

  # Decided when the pipeline is set: only the slow ones have this step.
  if {
    condition = each.value.speed == "slow"

    task "yawn" {
      run "shell" {
        cmd = "echo 'That took a while.'"
      }
    }
  }
}

# Makes deploy--production and deploy--staging; each waits for all four of `try`, and never runs beside the other.
job "deploy" {
  for_each      = var.environments
  serial_groups = ["deploy"]

  get "trigger" "start" {
    trigger = true
    passed  = ["try"]
  }

  task "deploy" {
    run "exec" {
      path = "echo"
      args = ["Deploying to", each.key, "in", each.value]
    }
  }

  if {
    condition = var.with_summary
    task "summary" {
      run "exec" {
        path = "echo"
        args = [format("%s is one of %d environments.", title(each.key), length(var.environments))]
      }
    }
  }
}
