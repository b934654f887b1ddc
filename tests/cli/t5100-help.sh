#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Help and man pages: every verb has both, and they name the same options.
. "$(dirname "$0")/lib.sh"
man=$(cd "$OLDPWD" && cd "$(dirname "$(realpath "$0")")/../../man" && pwd)

verbs() {
  jobq help | sed -n 's/^  \([a-z]*\)  .*/\1/p'
  echo keeper
}

# family VERB: the verb with each of its words, as it names them itself.
family() {
  local words word
  words=$({ jobq "$1" no-such-word 2>&1 || true; } | sed -n 's/.*expected one of //p')
  [[ -n $words ]] || fail "$1 does not name its words"
  for word in ${words//,/}; do echo "$1 $word"; done
}

# forms VERB: the verb, or its family.
forms() {
  case $1 in
    class | resource | admin | recur | event) family "$1" ;;
    node) echo node && family node ;;
    *) echo "$1" ;;
  esac
}

test_begin "every verb explains itself with examples, by --help, -h and help"
for verb in $(verbs); do
  forms "$verb" >forms
  while read -r form; do
    # shellcheck disable=SC2086
    jobq $form --help >help || fail "jobq $form --help"
    expect_match "^Usage: (jq|jobq) $form" "$(head -1 help)"
    # shellcheck disable=SC2086
    cmp help <(jobq $form -h)
    [[ $verb == keeper || $form == resource\ remove ]] || grep -q '^Examples:' help ||
      fail "$form has no examples"
    (($(wc -L <help) <= 110)) || fail "the help of $form is too wide"
  done <forms
  cmp <(jobq "$verb" --help) <(jobq help "$verb")
done
ok

test_begin "every verb has a man page, with every option that its help has"
for verb in $(verbs); do
  page=$man/jobq-$verb.1
  [[ $verb == keeper || -e $page ]] || fail "no man page for $verb"
  [[ -e $page ]] || continue
  mandoc -T ascii "$page" | sed 's/.\x08//g' >page
  forms "$verb" >forms
  while read -r form; do
    # shellcheck disable=SC2086
    jobq $form --help | grep -oE -- '(^| )--[a-z][a-z-]*' | sort -u >options
    while read -r option; do
      grep -q -- "$option\b" page || fail "man page of $verb does not name $option of $form"
    done <options
  done <forms
done
ok

test_begin "a verb that is not there is an error in help, too"
expect_exit 2 jq help submti
expect_match "did you mean 'submit'" "$(<err)"
expect_exit 2 jq help submit queue
ok
