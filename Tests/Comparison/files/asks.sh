#!/bin/sh
# Asks its terminal, twice the same.
test -t 0 || { echo "no terminal"; exit 2; }
printf 'Your name? '
read -r name
echo "hello $name"
while printf 'Once again? ' && read -r answer && [ "$answer" = yes ]; do
  echo so be it
done
