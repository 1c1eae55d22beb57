# A button: one job presses it, another one goes by it.
#
#   job      ends as     its log has
#   choose   succeeded
#   deploy   succeeded   "deploying to staging, for choose"

resource "trigger" "deploy" {}

job "choose" {
  put "trigger" "deploy" {
    environment = "staging"
  }
}

job "deploy" {
  get "trigger" "deploy" {
    trigger = true
  }

  task "deploy" {
    run "shell" {
      cmd = "echo \"deploying to $GET_DEPLOY_ENVIRONMENT, for $GET_DEPLOY_TRIGGER_JOB\""
    }
  }
}
