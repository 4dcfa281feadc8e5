#!/bin/sh
echo "$# words: $2"
echo aside >&2
