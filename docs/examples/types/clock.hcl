resource_type "clock" {
  check "shell" {
    cmd = "echo '[{\"time\": \"noon\"}]'"
  }

  pull "shell" {
    cmd = "echo \"it is $version_time\" > time.txt"
  }
}
