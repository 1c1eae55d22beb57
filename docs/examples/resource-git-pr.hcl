# The open pull requests of a forge, each of them built.
#
#   job       ends as     its log has
#   check     succeeded   "number 7 of say-it for main"
#   preview   succeeded   "Say it"

variable "url" {
  default = "https://git.example.com/team/app.git"
}

variable "api_url" {
  default     = "https://git.example.com/api/v1"
  description = "The forge's API; needed only where it is not at its usual place."
}

variable "token" {
  default   = ""
  sensitive = true
}

resource "git" "changes" {
  check_interval = "@every 1m"
  params {
    url        = var.url
    pr         = true
    provider   = "gitea"
    api_url    = var.api_url
    token      = var.token
    base       = "main"
    drafts     = true
    forks      = true
    fork_label = "ok to test"
  }
}

# Only those that somebody has said are ready.
resource "git" "ready" {
  params {
    url      = var.url
    pr       = true
    provider = "gitea"
    api_url  = var.api_url
    token    = var.token
    labels   = ["ready", "urgent"]
  }
}

job "check" {
  get "git" "changes" {
    trigger = true
  }

  task "test" {
    run "shell" {
      cmd = <<-EOT
        cd changes
        echo "number $GET_CHANGES_PR of $GET_CHANGES_BRANCH for $GET_CHANGES_BASE at $(git rev-parse HEAD)"
        git diff --name-only "origin/$GET_CHANGES_BASE...HEAD"
        sh run-tests.sh
      EOT
    }
  }
}

job "preview" {
  get "git" "ready" {
    trigger = true
  }

  task "show" {
    run "shell" {
      cmd = "git -C ready log --oneline -1"
    }
  }
}
