a = <<EOT
set -eu
for f in $files; do
  echo "$f" "$${HOME}" $(date) $$ `pwd` $1 ${var.x}
done
test $x
echo 100% %s %%{literal}
cost $
EOT
