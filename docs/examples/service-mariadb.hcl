# MariaDB beside the steps of a build.
#
#   job         ends as     its log has
#   process     succeeded   "root may ask 127.0.0.1:"
#   container   succeeded   "root may ask 127.0.0.1:"

variable "version" {
  default     = "10.11"
  description = "The version that the program on the worker must have."
}

variable "port" {
  type        = number
  default     = 13306
  description = "Without a port in the service it is one that is free."
}

variable "password" {
  default     = "only-in-tests"
  description = "Without a password in the service it is a random one."
  sensitive   = true
}

# A process of the worker's machine, if that has this version of it.
job "process" {
  service "mariadb" {
    runner        = "local"
    version       = var.version
    port          = var.port
    ready_timeout = "1m"
    password      = var.password
  }

  task "ask" {
    run "shell" {
      cmd = "echo \"$SERVICE_MARIADB_USER may ask $SERVICE_MARIADB_HOST:$SERVICE_MARIADB_PORT\""
    }
  }
}

# The same in a container.
job "container" {
  service "mariadb" {
    image         = "docker.io/library/mariadb"
    tag           = "11.4.5"
    root_password = var.password
    pull          = "missing"
    cpus          = 1.5
    memory        = "512m"
  }

  task "ask" {
    run "shell" {
      cmd = "echo \"$SERVICE_MARIADB_USER may ask $SERVICE_MARIADB_HOST:$SERVICE_MARIADB_PORT\""
    }
  }
}
