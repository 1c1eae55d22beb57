a = <<EOT
${b}
%{ if c }
yes
%{ else }
no
%{ endif }
%{ for x in y ~}
- ${x}
%{ endfor ~}
EOT
