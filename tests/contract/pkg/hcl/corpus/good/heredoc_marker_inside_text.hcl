a = <<EOT
 EOT not the end
EOTX
${x}EOT
EOT x
  EOT
b = 1
