a = <<EOT
$
%
$$
%%
x$
$x
a $y
EOT
