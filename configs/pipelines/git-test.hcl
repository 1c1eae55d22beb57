# Watches a git repository, tests each new commit, and packs those that passed.
#
#   pikoci server --pipeline-name app --pipeline-config git-test.hcl --vars vars.json
#
# with a vars.json such as {"url": "https://example.com/app.git", "test": "make test"}.

variable "url" {
  description = "Address of the repository: https, ssh, or a path on the worker."
  type        = string
}

variable "branch" {
  type    = string
  default = "main"
}

variable "test" {
  description = "The command that tests the code, run in the top directory of the repository."
  type        = string
  default     = "make test"
}

variable "token" {
  description = "Access token for a private repository over https."
  type        = string
  sensitive   = true # never shown in logs, plans and answers
  default     = ""
}

resource "git" "app" {
  check_interval = "@every 30s"

  params {
    url    = var.url
    branch = var.branch
    token  = var.token
    name   = "app" # the directory to clone into
  }
}

# Every new commit of the branch is tested, one build each.
job "test" {
  get "git" "app" {
    trigger = true
    version = "every"
  }

  task "unit" {
    timeout = "20m"
    run "shell" {
      cmd = <<-EOT
        cd app
        echo "Testing commit $GET_APP_REF of ${var.branch}"
        ${var.test}
      EOT
    }
  }
}

# Only commits that passed `test` get here, and only one build runs at a time.
job "package" {
  concurrency = 1

  get "git" "app" {
    trigger = true
    passed  = ["test"]
  }

  task "archive" {
    outputs = ["dist"]
    run "shell" {
      cmd = <<-EOT
        mkdir dist
        git -C app archive --format tar.gz --output ../dist/app.tar.gz HEAD
        ls -l dist
      EOT
    }
  }
}
