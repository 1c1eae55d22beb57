# NATS with JetStream beside the steps of a build.
#
#   job         ends as     its log has
#   process     succeeded   "pikoci may publish at 127.0.0.1:"
#   container   succeeded   "pikoci may publish at 127.0.0.1:"

variable "version" {
  default     = "2.9"
  description = "The version that the program on the worker must have."
}

variable "port" {
  type        = number
  default     = 14222
  description = "Without a port in the service it is one that is free."
}

variable "password" {
  default     = "only-in-tests"
  description = "Without a password in the service it is a random one."
  sensitive   = true
}

# A process of the worker's machine, if that has this version of it.
job "process" {
  service "nats" {
    runner        = "local"
    version       = var.version
    port          = var.port
    ready_timeout = "1m"
    password      = var.password
  }

  task "ask" {
    run "shell" {
      cmd = "echo \"$SERVICE_NATS_USER may publish at $SERVICE_NATS_HOST:$SERVICE_NATS_PORT\""
    }
  }
}

# The same in a container.
job "container" {
  service "nats" {
    image  = "docker.io/library/nats"
    tag    = "2.10.25-alpine"
    pull   = "missing"
    cpus   = 1.5
    memory = "256m"
  }

  task "ask" {
    run "shell" {
      cmd = "echo \"$SERVICE_NATS_USER may publish at $SERVICE_NATS_HOST:$SERVICE_NATS_PORT\""
    }
  }
}
