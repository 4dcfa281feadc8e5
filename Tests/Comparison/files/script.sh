#!/bin/sh
echo "script $# arguments: $*"
echo to stderr >&2
