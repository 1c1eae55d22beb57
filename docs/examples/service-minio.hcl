# MinIO, which speaks S3, beside the steps of a build.
#
#   job         ends as     its log has
#   container   succeeded   "pikoci may store"
#   image       succeeded   "pikoci may store"

variable "version" {
  default     = "RELEASE.2025-09-07T16-13-09Z"
  description = "The image's tag."
}

variable "port" {
  type        = number
  default     = 19000
  description = "Without a port in the service it is one that is free."
}

variable "password" {
  default     = "only-in-tests"
  description = "Without a password in the service it is a random one."
  sensitive   = true
}

job "container" {
  service "minio" {
    runner        = "docker"
    version       = var.version
    port          = var.port
    ready_timeout = "1m"
    password      = var.password
    pull          = "missing"
    cpus          = 1.5
    memory        = "512m"
  }

  task "ask" {
    run "shell" {
      cmd = "curl -fsS \"$SERVICE_MINIO_URL/minio/health/ready\" && echo \"$SERVICE_MINIO_USER may store\""
    }
  }
}

# Another image, of which the worker wants a shell and the server where the default image has them.
job "image" {
  service "minio" {
    image = "docker.io/minio/minio"
    tag   = "latest"
  }

  task "ask" {
    run "shell" {
      cmd = "curl -fsS \"$SERVICE_MINIO_URL/minio/health/ready\" && echo \"$SERVICE_MINIO_USER may store\""
    }
  }
}
