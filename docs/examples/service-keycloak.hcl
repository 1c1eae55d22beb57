# Keycloak in its dev mode beside the steps of a build; in a container only.
#
#   job         ends as     its log has
#   container   succeeded   "master"
#   image       succeeded   "master"

variable "version" {
  default     = "26.1.0"
  description = "The image's tag."
}

variable "port" {
  type        = number
  default     = 18080
  description = "Without a port in the service it is one that is free."
}

variable "password" {
  default     = "only-in-tests"
  description = "Without a password in the service it is a random one."
  sensitive   = true
}

job "container" {
  service "keycloak" {
    runner        = "docker"
    version       = var.version
    port          = var.port
    ready_timeout = "2m"
    password      = var.password
    pull          = "missing"
    cpus          = 1.5
    memory        = "1g"
  }

  task "ask" {
    run "shell" {
      cmd = "curl -fsS \"$SERVICE_KEYCLOAK_URL/realms/master\""
    }
  }
}

# Another image, of which the worker wants a shell and the server where the default image has them.
job "image" {
  service "keycloak" {
    image = "quay.io/keycloak/keycloak"
    tag   = "26.1"
  }

  task "ask" {
    run "shell" {
      cmd = "curl -fsS \"$SERVICE_KEYCLOAK_URL/realms/master\""
    }
  }
}
