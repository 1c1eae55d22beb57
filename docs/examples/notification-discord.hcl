# Discord hears of a build's begin and of its end.
#
#   job    ends as     its log has
#   test   succeeded   "fine"

variable "webhook_url" {
  default     = "https://discord.com/api/webhooks/1/secret"
  description = "The address that Discord gave."
  sensitive   = true
}

notification "discord" "team" {
  params {
    webhook_url = var.webhook_url
    mentions    = true # `@here` and the like ping people
  }
  message = "$BUILD_JOB_NAME #$BUILD_NUMBER $BUILD_STATUS"
  on      = ["all"]
}

job "test" {
  notify "discord" "team" {
    message = "$BUILD_JOB_NAME begins"
  }

  task "unit" {
    run "shell" {
      cmd = "echo fine"
    }
  }
}
