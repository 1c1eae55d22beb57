a = 1
block "x" {
  b = <<EOT
line ${a}
  EOT
  # comment
  c = [
    1,
  ]
}
