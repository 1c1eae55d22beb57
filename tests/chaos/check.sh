#!/bin/sh
# check.sh FOLDER NAME: a resource that has a new version at each check, until there is a file FOLDER/quiet.
read -r now _ </proc/uptime
printf '%s %s\n' "$now" "$2" >>"$1/checks"
if [ -e "$1/quiet" ]; then echo '[]'; else echo "[{\"at\": \"$now\"}]"; fi
