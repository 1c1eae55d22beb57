# Slack hears of a build's begin and of its end.
#
#   job    ends as     its log has
#   test   succeeded   "fine"

variable "webhook_url" {
  default     = "https://hooks.slack.com/services/T0/B0/secret"
  description = "The address that Slack gave."
  sensitive   = true
}

notification "slack" "team" {
  params {
    webhook_url = var.webhook_url
  }
  message = "$BUILD_JOB_NAME #$BUILD_NUMBER $BUILD_STATUS"
  on      = ["all"]
}

job "test" {
  notify "slack" "team" {
    message = "$BUILD_JOB_NAME begins"
  }

  task "unit" {
    run "shell" {
      cmd = "echo fine"
    }
  }
}
