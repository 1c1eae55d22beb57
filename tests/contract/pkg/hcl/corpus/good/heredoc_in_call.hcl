a = upper(<<EOT
text
EOT
)
b = [<<EOT
one
EOT
, <<-EOT
two
EOT
]
