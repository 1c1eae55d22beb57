a = <<EOT
hello
  world
EOT
b = <<EOT
EOT
c = <<EOT

EOT
d = 1
