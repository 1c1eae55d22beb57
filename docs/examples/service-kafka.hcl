# Apache Kafka beside the steps of a build.
#
#   job         ends as     its log has
#   process     succeeded   "anybody may publish at 127.0.0.1:"
#   container   succeeded   "anybody may publish at 127.0.0.1:"

variable "version" {
  default     = "4"
  description = "The version that the program on the worker must have."
}

variable "port" {
  type        = number
  default     = 19092
  description = "Without a port in the service it is one that is free."
}

# A process of the worker's machine, if that has this version of it.
job "process" {
  service "kafka" {
    runner        = "local"
    version       = var.version
    port          = var.port
    ready_timeout = "2m"
  }

  task "ask" {
    run "shell" {
      cmd = "echo \"anybody may publish at $SERVICE_KAFKA_BOOTSTRAP_SERVERS\""
    }
  }
}

# The same in a container.
job "container" {
  service "kafka" {
    image  = "docker.io/apache/kafka"
    tag    = "4.0.0"
    pull   = "missing"
    cpus   = 1.5
    memory = "1g"
  }

  task "ask" {
    run "shell" {
      cmd = "echo \"anybody may publish at $SERVICE_KAFKA_BOOTSTRAP_SERVERS\""
    }
  }
}
