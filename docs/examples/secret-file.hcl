# Secrets from files of the worker's machine.
#
#   job      ends as     its log has
#   deploy   succeeded   "of 10 characters with a token of 8"

variable "folder" {
  default     = "/etc/pikoci-secrets"
  description = "Where the files are, which the commands of builds can read."
}

# Many variables of one file: its keys are lines NAME=VALUE, whatever it is called.
secret_type "settings" {
  source = "pikoci://file"
  path   = "${var.folder}/settings"
  format = "env"
}

variable "stage" {
  secret "settings" {
    key = "STAGE"
  }
}

# Without a type of its own: JSON by the extension, and which file depends on another secret.
variable "token" {
  secret "file" {
    path = "${var.folder}/${var.stage}.json"
    key  = "token"
  }
}

job "deploy" {
  task "ask" {
    env = {
      STAGE = var.stage
      TOKEN = var.token
    }
    run "shell" {
      cmd = "echo \"to a stage of $${#STAGE} characters with a token of $${#TOKEN}\""
    }
  }
}
