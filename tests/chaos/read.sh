#!/bin/sh
# read.sh FOLDER: prints a password that the environment brought, and exports whether it came byte for byte.
set -u
printf '%s\n' "$PASSWORD"
if [ "$(printf %s "$PASSWORD" | sha256sum)" = "$(cat "$1/password.sha256")" ]; then
  echo READ=whole >>"$PIKOCI_OUTPUT"
fi
