#!/usr/bin/env bash
# The hooks of .pre-commit-hooks.yaml in scratch repositories, through pre-commit. Sourced by run.
set -euo pipefail
: "${root:?run sets it}"

hook_checks() {
  check 'hook unleak-system lets a clean commit pass' hook_passes unleak-system
  check 'hook unleak-system refuses a staged token and does not print it' hook_refuses unleak-system
  check 'hook unleak-system sees what is staged, not what is in the work tree' hook_reads_index unleak-system
  check 'hook unleak-system sees all of a merge commit' hook_sees_merge unleak-system
  check 'hook unleak-system stops a real commit' hook_stops_commit
  check 'hook unleak-push-system stops a real push, of a new branch too' hook_stops_push
}

# Minutes: pre-commit builds the program, with the newest fitting dependencies.
built_hook_checks() {
  check 'hook unleak is built, and passes' quick_build hook_passes unleak
  check 'hook unleak refuses a staged token and does not print it' quick_build hook_refuses unleak
}

new_repository() {
  git init --quiet --initial-branch=main .
  echo 'hello' >readme.txt
  commit 'first'
}

try_hook() {
  pre-commit try-repo "$root" "$1" --verbose "${@:2}"
}

hook_passes() {
  new_repository
  echo 'more' >>readme.txt
  git add readme.txt
  try_hook "$1" >output
  expect grep -q 'Passed' output
}

hook_refuses() {
  new_repository
  example 1 >settings.env
  git add settings.env
  refused 1 try_hook "$1" >output
  expect grep -q 'settings.env' output
  tokens <settings.env | lacks_lines output
}

hook_reads_index() {
  new_repository
  echo 'nothing' >settings.env
  git add settings.env
  example 1 >settings.env
  try_hook "$1"
  git add settings.env
  echo 'nothing' >settings.env
  refused 1 try_hook "$1"
}

# A manager names only the files in conflict; the token comes in another one.
hook_sees_merge() {
  new_repository
  git switch --quiet --create branch
  echo 'theirs' >readme.txt
  example 1 >settings.env
  commit 'theirs'
  git switch --quiet main
  echo 'ours' >readme.txt
  commit 'ours'
  refused 1 git merge branch
  echo 'both' >readme.txt
  git add readme.txt
  refused 1 try_hook "$1" --hook-stage pre-merge-commit >output
  expect grep -q 'settings.env' output
}

# The configuration of docs/pre-commit.md, installed as a git hook.
hook_stops_commit() {
  new_repository
  cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: $root
    rev: $(git -C "$root" rev-parse HEAD)
    hooks:
      - id: unleak-system
YAML
  git -C "$root" cat-file -e HEAD:.pre-commit-hooks.yaml
  pre-commit install
  commit 'configuration'
  example 1 >settings.env
  git add settings.env
  refused 1 git commit --message 'leak'
  git rm --quiet --cached settings.env
  echo settings.env >.gitignore
  commit 'clean'
}

hook_stops_push() {
  git init --quiet --bare --initial-branch=main remote.git
  git init --quiet --initial-branch=main work
  cd work
  git remote add origin ../remote.git
  cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: $root
    rev: $(git -C "$root" rev-parse HEAD)
    hooks:
      - id: unleak-push-system
YAML
  pre-commit install --hook-type pre-push
  commit 'configuration'
  git push --quiet origin main
  example 1 >settings.env
  commit 'leak'
  git rm --quiet settings.env
  commit 'gone again'
  refused 1 git push origin main
  git switch --quiet --create branch
  refused 1 git push origin branch >output 2>&1
  expect grep -q 'settings.env' output
  git reset --quiet --hard origin/main
  echo 'clean' >readme.txt
  commit 'clean'
  git push origin branch
}
