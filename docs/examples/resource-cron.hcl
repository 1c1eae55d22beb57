# Every evening, in a time zone.
#
#   job      ends as     its log has
#   report   succeeded   "the report of"

resource "cron" "evening" {
  check_interval = "0 18 * * MON-FRI"
  params {
    timezone = "Europe/Berlin"
  }
}

job "report" {
  get "cron" "evening" {
    trigger = true
  }

  task "say" {
    run "shell" {
      cmd = "echo \"the report of $GET_EVENING_DATE\""
    }
  }
}
