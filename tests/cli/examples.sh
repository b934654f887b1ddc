#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests of docs/examples.md share, beside lib.sh: a copy of an example's folder, its
# commands as the page has them, and a controller that is killed at any moment between them.
examples=$(realpath "$(dirname "$0")/../../docs")
. "$(dirname "$0")/lib.sh"

# begin_example FOLDER: its files are in the working directory.
begin_example() { cp "$examples/examples/$1/"* .; }

# commands_of HEADING: the lines behind "$ " in that part of the page.
commands_of() {
  sed -n "/^## $1/,/^## /s/^    \\$ //p" "$examples/examples.md"
}

# One that dies at once, or whenever its commands have left it a moment.
kill_controller() {
  stop controller KILL
  start_controller
}

# type_all VARIABLE HEADING [BUT]: each command of the page but those that match; what the last one
# printed goes to the variable. Every other time the controller is killed after it.
type_all() {
  local line printed
  while read -r line; do
    printed=$(eval "$line") || fail "$line"
    ((RANDOM % 2)) || kill_controller
  done < <(commands_of "$2" | grep -v -- "${3:-^$}")
  printf -v "$1" %s "$printed"
}
