# A mail to the team at each end of a build, and one to somebody else from a step.
#
#   job      ends as     its log has
#   deploy   succeeded   "deployed"

variable "host" {
  default = "mail.example.com"
}

variable "port" {
  type    = number
  default = 587
}

variable "password" {
  default   = ""
  sensitive = true
}

notification "email" "people" {
  params {
    host     = var.host
    port     = var.port
    security = "starttls"
    user     = "ci"
    password = var.password
    from     = "CI <ci@example.com>"
    to       = ["team@example.com", "boss@example.com"]
    subject  = "[$BUILD_PIPELINE_NAME] $BUILD_JOB_NAME $BUILD_STATUS"
  }
  message = "Build #$BUILD_NUMBER"
  on      = ["all"]
}

job "deploy" {
  notify "email" "people" {
    to      = ["operators@example.com"]
    subject = "$BUILD_JOB_NAME begins"
    message = "Hold on."
  }

  task "deploy" {
    run "shell" {
      cmd = "echo deployed"
    }
  }
}
