# PostgreSQL beside the steps of a build.
#
#   job         ends as     its log has
#   process     succeeded   "postgres says hello"
#   container   succeeded   "postgres says hello"

variable "version" {
  default     = "15"
  description = "The version that the program on the worker must have."
}

variable "port" {
  type        = number
  default     = 15432
  description = "Without a port in the service it is one that is free."
}

variable "password" {
  default     = "only-in-tests"
  description = "Without a password in the service it is a random one."
  sensitive   = true
}

# A process of the worker's machine, if that has this version of it.
job "process" {
  service "postgresql" {
    runner        = "local"
    version       = var.version
    port          = var.port
    ready_timeout = "1m"
    password      = var.password
  }

  task "ask" {
    run "shell" {
      cmd = <<-EOT
        export PGHOST=$SERVICE_POSTGRESQL_HOST PGPORT=$SERVICE_POSTGRESQL_PORT
        export PGUSER=$SERVICE_POSTGRESQL_USER PGPASSWORD=$SERVICE_POSTGRESQL_PASSWORD
        psql -At -c "SELECT current_user || ' says hello'"
      EOT
    }
  }
}

# The same in a container.
job "container" {
  service "postgresql" {
    image  = "docker.io/library/postgres"
    tag    = "17.5"
    pull   = "missing"
    cpus   = 1.5
    memory = "512m"
  }

  task "ask" {
    run "shell" {
      cmd = <<-EOT
        export PGHOST=$SERVICE_POSTGRESQL_HOST PGPORT=$SERVICE_POSTGRESQL_PORT
        export PGUSER=$SERVICE_POSTGRESQL_USER PGPASSWORD=$SERVICE_POSTGRESQL_PASSWORD
        psql -At -c "SELECT current_user || ' says hello'"
      EOT
    }
  }
}
