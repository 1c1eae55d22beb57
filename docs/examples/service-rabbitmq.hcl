# RabbitMQ beside the steps of a build.
#
#   job         ends as     its log has
#   process     succeeded   "pikoci may publish at 127.0.0.1:"
#   container   succeeded   "pikoci may publish at 127.0.0.1:"

variable "version" {
  default     = "3.10"
  description = "The version that the program on the worker must have."
}

variable "port" {
  type        = number
  default     = 15672
  description = "Without a port in the service it is one that is free."
}

variable "password" {
  default     = "only-in-tests"
  description = "Without a password in the service it is a random one."
  sensitive   = true
}

# A process of the worker's machine, if that has this version of it.
job "process" {
  service "rabbitmq" {
    runner        = "local"
    version       = var.version
    port          = var.port
    ready_timeout = "2m"
    password      = var.password
  }

  task "ask" {
    run "shell" {
      cmd = "echo \"$SERVICE_RABBITMQ_USER may publish at $SERVICE_RABBITMQ_HOST:$SERVICE_RABBITMQ_PORT\""
    }
  }
}

# The same in a container.
job "container" {
  service "rabbitmq" {
    image  = "docker.io/library/rabbitmq"
    tag    = "4.0.5"
    pull   = "missing"
    cpus   = 1.5
    memory = "512m"
  }

  task "ask" {
    run "shell" {
      cmd = "echo \"$SERVICE_RABBITMQ_USER may publish at $SERVICE_RABBITMQ_HOST:$SERVICE_RABBITMQ_PORT\""
    }
  }
}
