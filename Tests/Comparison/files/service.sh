#!/bin/sh
# A service that is a file: it runs while that is there.
running=/run/$(basename "$0").running
case $1 in
start) touch "$running" ;;
stop) rm -f "$running" ;;
restart) "$0" stop && "$0" start ;;
status)
  if [ -e "$running" ]; then
    echo "$(basename "$0") is running"
  else
    echo "$(basename "$0") is stopped"
    exit 3
  fi
  ;;
*) exit 2 ;;
esac
