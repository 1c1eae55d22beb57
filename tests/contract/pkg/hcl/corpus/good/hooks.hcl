job "x" {
  on_success "shell" { cmd = "echo ok" }
  on_failure {
    put "git" "status" {
      state = "failed"
    }
  }
  ensure "shell" {
    cmd = <<-EOT
    rm -rf $WORKDIR
    EOT
  }
}
