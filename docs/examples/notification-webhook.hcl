# A program of your own hears of each build, and can tell who says so by the signature.
#
#   job      ends as     its log has
#   deploy   succeeded   "deployed"

variable "url" {
  default   = "https://example.com/ci"
  sensitive = true
}

variable "key" {
  default   = "change-me"
  sensitive = true
}

notification "webhook" "deploys" {
  params {
    url    = var.url
    secret = var.key
  }
  on = ["all"]
}

job "deploy" {
  notify "webhook" "deploys" {
    message = "under way"
  }

  task "deploy" {
    run "shell" {
      cmd = "echo deployed"
    }
  }
}
