# A resource that is checked when somebody tells of something new, and signs what they send with the secret. Somebody
# does so twice, once with a wrong secret: one build.
#
#   job       ends as     its log has
#   deploy    succeeded   "deploying"

variable "webhook_secret" {
  description = "At least so long that nobody guesses it."
  sensitive   = true
}

resource "trigger" "release" {
  webhook_secret = var.webhook_secret
}

job "deploy" {
  get "trigger" "release" {
    trigger = true
  }

  task "deploy" {
    run "exec" {
      path = "echo"
      args = ["deploying"]
    }
  }
}
