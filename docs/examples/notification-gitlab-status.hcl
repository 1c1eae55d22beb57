# The status of a commit at GitLab: pending while the build runs, then as it ended.
#
#   job    ends as     its log has
#   unit   succeeded

variable "url" {
  default = "https://gitlab.com/example/app.git"
}

variable "gitlab" {
  default = "https://gitlab.com"
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

notification "gitlab-status" "ci" {
  params {
    project = "example/app"
    url     = var.gitlab
    token   = var.token
    commit  = "$GET_APP_REF"
    context = "ci/unit"
  }
  message = "$BUILD_JOB_NAME $BUILD_STATUS"
  on      = ["all"]
}

job "unit" {
  get "git" "app" {
    trigger = true
  }

  notify "gitlab-status" "ci" {
    description = "under way"
  }

  task "test" {
    run "shell" {
      cmd = "ls app"
    }
  }

  # A status of its own beside that of the build, for one part of it.
  notify "gitlab-status" "ci" {
    context = "ci/style"
    status  = "success"
    commit  = "$GET_APP_REF"
  }
}
