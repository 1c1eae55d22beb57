notification_type "horn" {
  notify "shell" {
    cmd = "echo \"the horn says: $NOTIFY_MESSAGE\""
  }
}
