a = "x ${~ b ~} y"
b = "x %{~ if c ~} y %{~ else ~} z %{~ endif ~} w"
c = <<EOT
%{ for x in y ~}
  ${x}
%{~ endfor }
EOT
d = "${~ b}"
