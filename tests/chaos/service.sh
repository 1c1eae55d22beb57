#!/bin/sh
# service.sh FOLDER: the start of a service, which leaves a daemon behind that holds the build's lock of services.
set -u
folder=$1
attempt=${WORKDIR%/work}
attempt=${attempt##*/}

exec 9>>"$folder/locks/service-$BUILD_ID"
flock -n 9 || {
  read -r now _ </proc/uptime
  printf '%s overlap %s service %s\n' "$now" "$attempt" "$$" >>"$folder/marks"
  exit 1
}
setsid sh -c 'trap "exit 0" TERM; while :; do sleep 1; done' >/dev/null 2>&1 &
