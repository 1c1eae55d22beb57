# HashiCorp Vault in its dev mode beside the steps of a build.
#
#   job         ends as     its log has
#   container   succeeded   "initialized"
#   image       succeeded   "initialized"

variable "version" {
  default     = "1.18.3"
  description = "The image's tag."
}

variable "port" {
  type        = number
  default     = 18200
  description = "Without a port in the service it is one that is free."
}

variable "password" {
  default     = "only-in-tests"
  description = "Without a password in the service it is a random one."
  sensitive   = true
}

job "container" {
  service "vault" {
    runner        = "docker"
    version       = var.version
    port          = var.port
    ready_timeout = "1m"
    password      = var.password
    pull          = "missing"
    cpus          = 1.5
    memory        = "256m"
  }

  task "ask" {
    run "shell" {
      cmd = "curl -fsS \"$SERVICE_VAULT_URL/v1/sys/health\""
    }
  }
}

# Another image, of which the worker wants a shell and the server where the default image has them.
job "image" {
  service "vault" {
    image      = "docker.io/hashicorp/vault"
    tag        = "1.18"
    root_token = var.password
  }

  task "ask" {
    run "shell" {
      cmd = "curl -fsS \"$SERVICE_VAULT_URL/v1/sys/health\""
    }
  }
}
