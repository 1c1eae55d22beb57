# The status of a commit at Gitea or Forgejo: pending while the build runs, then as it ended.
#
#   job    ends as     its log has
#   unit   succeeded

variable "url" {
  default = "https://git.example.com/example/app.git"
}

variable "forge" {
  default = "https://git.example.com"
}

variable "token" {
  default   = "change-me"
  sensitive = true
}

resource "git" "app" {
  params {
    url = var.url
  }
}

notification "gitea-status" "ci" {
  params {
    repository = "example/app"
    url        = var.forge
    token      = var.token
    commit     = "$GET_APP_REF"
    context    = "ci/unit"
  }
  message = "$BUILD_JOB_NAME $BUILD_STATUS"
  on      = ["all"]
}

job "unit" {
  get "git" "app" {
    trigger = true
  }

  notify "gitea-status" "ci" {
    description = "under way"
  }

  task "test" {
    run "shell" {
      cmd = "ls app"
    }
  }

  # A status of its own beside that of the build, for one part of it.
  notify "gitea-status" "ci" {
    context = "ci/style"
    status  = "success"
    commit  = "$GET_APP_REF"
  }
}
