# Commits of a branch, over https: watched, built, and pushed to another branch.
#
#   job       ends as     its log has
#   test      succeeded   "v1.0" "of main"
#   publish   succeeded

variable "url" {
  default = "https://git.example.com/team/app.git"
}

variable "username" {
  default = "ci"
}

variable "password" {
  default   = ""
  sensitive = true
}

variable "token" {
  default     = ""
  description = "An access token, in place of user and password."
  sensitive   = true
}

variable "ca_cert" {
  default     = ""
  description = "Certificates in PEM form that vouch for the host, in place of the machine's."
}

resource "git" "app" {
  check_interval = "@every 5m"
  params {
    url             = var.url
    name            = "source"
    branch          = "main"
    paths           = ["src/**", "Makefile"]
    ignore_paths    = ["**/*.md"]
    disable_ci_skip = true
    depth           = 50
    submodules      = false
    tags            = true
    username        = var.username
    password        = var.password
    ca_cert         = var.ca_cert
  }
}

resource "git" "built" {
  params {
    url     = var.url
    branch  = "built"
    token   = var.token
    ca_cert = var.ca_cert
  }
}

job "test" {
  get "git" "app" {
    trigger = true
  }

  task "test" {
    run "shell" {
      cmd = "ls source/src && git -C source describe --tags && echo \"tested $GET_APP_REF of $GET_APP_BRANCH\""
    }
  }
}

job "publish" {
  get "git" "app" {
    trigger = true
    passed  = ["test"]
    params {
      name       = "app"
      depth      = 1
      submodules = true
      tags       = false
    }
  }

  task "change" {
    run "shell" {
      cmd = "cd app && date > built && git add built && git -c user.name=ci -c user.email=ci@example.com commit -qm built"
    }
  }

  put "git" "built" {
    name   = "app"
    branch = "built"
    force  = true
  }
}
