service_type "lamp" {
  start "shell" {
    cmd = "echo \"colour=$param_colour\" >> $PIKOCI_OUTPUT"
  }

  stop "shell" {
    cmd = "echo 'the lamp is out'"
  }
}
