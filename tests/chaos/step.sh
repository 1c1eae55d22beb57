#!/bin/sh
# step.sh FOLDER NAME LINES SECONDS_BETWEEN_LINES [SERIAL]: one step of a build.
#
# It marks its start and its end, holds the build's lock for its whole life and that of its children, and prints
# numbered lines. With a fifth argument it holds a lock of that name too. LOCK names the lock of a step among several.
set -u
folder=$1 name=$2 lines=$3 pause=$4 serial=${5-}
attempt=${WORKDIR%/work}
attempt=${attempt##*/}

mark() {
  read -r now _ </proc/uptime
  printf '%s %s %s %s %s\n' "$now" "$1" "$attempt" "$name" "$$" >>"$folder/marks"
}

exec 9>>"$folder/locks/build-$BUILD_ID${LOCK:+-$LOCK}"
flock -n 9 || { mark overlap; exit 1; }
if [ -n "$serial" ]; then
  exec 8>>"$folder/locks/serial-$serial"
  flock -n 8 || { mark together; exit 1; }
fi
mark start
if [ "$pause" = 0 ]; then
  seq -f "$attempt $name line %.0f" 1 "$lines"
else
  line=0
  while [ $line -lt "$lines" ]; do
    line=$((line + 1))
    echo "$attempt $name line $line"
    sleep "$pause"
  done
fi
mark end
