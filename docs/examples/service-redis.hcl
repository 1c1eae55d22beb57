# Redis, or Valkey, beside the steps of a build.
#
#   job         ends as     its log has
#   process     succeeded   "PONG"
#   container   succeeded   "PONG"

variable "version" {
  default     = "7.0"
  description = "The version that the program on the worker must have."
}

variable "port" {
  type        = number
  default     = 16379
  description = "Without a port in the service it is one that is free."
}

variable "password" {
  default     = "only-in-tests"
  description = "Without a password in the service it is a random one."
  sensitive   = true
}

# A process of the worker's machine, if that has this version of it.
job "process" {
  service "redis" {
    runner        = "local"
    version       = var.version
    port          = var.port
    ready_timeout = "1m"
    password      = var.password
  }

  task "ask" {
    run "shell" {
      cmd = "REDISCLI_AUTH=$SERVICE_REDIS_PASSWORD redis-cli -h $SERVICE_REDIS_HOST -p $SERVICE_REDIS_PORT ping"
    }
  }
}

# The same in a container.
job "container" {
  service "redis" {
    image  = "docker.io/library/redis"
    tag    = "7.4.2"
    pull   = "missing"
    cpus   = 1.5
    memory = "256m"
  }

  task "ask" {
    run "shell" {
      cmd = "REDISCLI_AUTH=$SERVICE_REDIS_PASSWORD redis-cli -h $SERVICE_REDIS_HOST -p $SERVICE_REDIS_PORT ping"
    }
  }
}
