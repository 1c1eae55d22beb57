# A check run at GitHub, as a GitHub App: begun in a step, completed as the build ends.
#
#   job    ends as     its log has
#   unit   succeeded

variable "url" {
  default = "https://github.com/example/app.git"
}

variable "api" {
  default = "https://api.github.com"
}

variable "app_id" {
  default = "1"
}

variable "installation_id" {
  default = "1"
}

variable "private_key" {
  default     = "change-me"
  description = "The App's key, in PEM form."
  sensitive   = true
}

resource "git" "app" {
  params {
    url = var.url
  }
}

notification "github-check" "ci" {
  params {
    app_id          = var.app_id
    installation_id = var.installation_id
    private_key     = var.private_key
    repository      = "example/app"
    base_url        = "https://ci.example.com"
    api             = var.api
  }
  on = ["all"]
}

job "unit" {
  get "git" "app" {
    trigger = true
  }

  notify "github-check" "ci" {
    status = "in_progress"
  }

  task "test" {
    run "shell" {
      cmd = "ls app"
    }
  }

  # Another check of the same commit, which is complete at once.
  notify "github-check" "ci" {
    name        = "style"
    conclusion  = "neutral"
    head_sha    = "$GET_APP_REF"
    details_url = "https://ci.example.com/style"
    message     = "three lines are long"
  }
}
