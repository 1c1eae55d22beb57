# Secrets from HashiCorp Vault or OpenBao, with each of the three ways to log in.
#
#   job      ends as     its log has
#   deploy   succeeded   "8, 7 and 11 characters"

variable "address" {
  default = "https://vault.example.com:8200"
}

variable "ca_cert" {
  default     = ""
  description = "Certificates in PEM form that vouch for the server, in place of the machine's."
}

variable "vault_token" {
  default   = ""
  sensitive = true
}

variable "secret_id" {
  default   = ""
  sensitive = true
}

variable "jwt" {
  default   = ""
  sensitive = true
}

secret_type "by_token" {
  source    = "pikoci://vault"
  address   = var.address
  ca_cert   = var.ca_cert
  namespace = "team-a"
  token     = var.vault_token
  path      = "secret/app" # where a variable names no other
}

secret_type "by_role" {
  source    = "pikoci://vault"
  address   = var.address
  ca_cert   = var.ca_cert
  role_id   = "builds"
  secret_id = var.secret_id
}

secret_type "by_jwt" {
  source     = "pikoci://vault"
  address    = var.address
  ca_cert    = var.ca_cert
  jwt        = var.jwt
  role       = "deploy"
  auth_mount = "ci"
}

variable "password" {
  secret "by_token" {
    key = "password"
  }
}

variable "user" {
  secret "by_role" {
    path = "secret/database"
    key  = "user"
  }
}

variable "certificate" {
  secret "by_jwt" {
    path = "secret/tls"
    key  = "certificate"
  }
}

job "deploy" {
  task "ask" {
    env = {
      PASSWORD    = var.password
      DB_USER     = var.user
      CERTIFICATE = var.certificate
    }
    run "shell" {
      cmd = "echo \"$${#PASSWORD}, $${#DB_USER} and $${#CERTIFICATE} characters\""
    }
  }
}
