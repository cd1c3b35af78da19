#!/usr/bin/env bash
# The one step of action.yml: chooses what to scan, builds unleak, scans, and tells the runner the outcome.
# Reads the UNLEAK_* variables that action.yml sets and the runner's GITHUB_* and RUNNER_* ones.
# Must not: treat an input as shell code, print a secret, or call a scan clean that was not made.
# Works with the bash 3.2 of macOS: no empty array is expanded.
set -euo pipefail

# Takes text of our own: the runner reads the line as a command.
fail() {
  echo "::error title=unleak::$1"
  echo "exit-code=2" >>"$GITHUB_OUTPUT"
  exit 2
}

# As above.
notice() {
  echo "::notice title=unleak::$1"
}

repository_git() {
  # In container jobs the checkout belongs to another user, which git would refuse.
  GIT_TERMINAL_PROMPT=0 git -c safe.directory='*' -c gc.auto=0 "$@"
}

is_commit_id() {
  [[ $1 =~ ^[0-9a-f]{40}([0-9a-f]{24})?$ && ! $1 =~ ^0+$ ]]
}

is_shallow() {
  [[ $(repository_git rev-parse --is-shallow-repository) == true ]]
}

# Takes options of `git fetch`, then commit ids.
fetch() {
  repository_git fetch --quiet --no-tags --no-recurse-submodules --no-write-fetch-head "$@"
}

# Whether the commit "$1" is here, be it after a fetch.
obtain() {
  repository_git cat-file -e "$1^{commit}" 2>/dev/null && return 0
  if is_shallow; then
    fetch --depth=1 origin "$1"
  else
    fetch origin "$1"
  fi
}

# Whether all commits of "$1..$2" are here: none of them has its parents cut off.
is_whole() {
  local commits cut
  cut=$(repository_git rev-parse --git-path shallow)
  [[ -s $cut ]] || return 0
  commits=$(repository_git rev-list "$1..$2") || return 1
  ! grep -qxFf "$cut" <<<"$commits"
}

# Brings all commits of "$1..$2" into a shallow clone.
obtain_range() {
  local depth
  obtain "$1" && obtain "$2" || return 1
  for depth in 50 500 5000; do
    is_whole "$1" "$2" && return 0
    fetch --deepen="$depth" origin "$1" "$2" || return 1
  done
  is_whole "$1" "$2" || fetch --unshallow origin "$1" "$2"
}

# Sets `range` to the commits of the event; leaves it empty where the tree is to be scanned.
choose_event_range() {
  local base='' head=''
  case ${GITHUB_EVENT_NAME:-} in
    push) base=${UNLEAK_PUSH_BEFORE:-} head=${UNLEAK_PUSH_AFTER:-} ;;
    pull_request | pull_request_target) base=${UNLEAK_PULL_BASE:-} head=${UNLEAK_PULL_HEAD:-} ;;
    merge_group) base=${UNLEAK_QUEUE_BASE:-} head=${UNLEAK_QUEUE_HEAD:-} ;;
    *) return 0 ;;
  esac
  if ! is_commit_id "$base" || ! is_commit_id "$head"; then
    notice 'the event names no commit to start from (a new branch or tag): scanning the tree'
  elif obtain_range "$base" "$head"; then
    range=$base..$head
  else
    notice "could not fetch the commits $base..$head: scanning the tree; they may hold more"
  fi
}

# Sets `range` from the input.
choose_range() {
  range=''
  case ${UNLEAK_RANGE:-auto} in
    auto) choose_event_range ;;
    tree) ;;
    *[[:space:][:cntrl:]]*) fail 'range must be auto, tree or A..B' ;;
    ?*..?*) range=$UNLEAK_RANGE ;;
    *) fail 'range must be auto, tree or A..B' ;;
  esac
  echo "unleak scans ${range:-the tree}"
}

# Sets `program`.
install_program() {
  case ${UNLEAK_INSTALL:-true} in
    true)
      command -v cargo >/dev/null || fail 'building unleak needs cargo; install Rust, or set install to false and put unleak on PATH'
      echo '::group::Build unleak'
      # Not from the workspace, whose toolchain file and cargo configuration would count.
      (cd "$GITHUB_ACTION_PATH" &&
        cargo install --locked --path . --root "$RUNNER_TEMP/unleak" --target-dir "$RUNNER_TEMP/unleak-build") ||
        fail 'unleak could not be built'
      echo '::endgroup::'
      program=$RUNNER_TEMP/unleak/bin/unleak
      ;;
    false)
      program=$(command -v unleak) || fail 'install is false and there is no unleak on PATH'
      ;;
    *) fail 'install must be true or false' ;;
  esac
}

# Sets `sarif` to an absolute path with no file there.
choose_sarif_file() {
  sarif=${UNLEAK_SARIF_FILE:-$RUNNER_TEMP/unleak.sarif}
  case $sarif in
    *$'\n'*) fail 'sarif-file must be one line' ;;
    /* | [A-Za-z]:*) ;;
    *) sarif=$GITHUB_WORKSPACE/$sarif ;;
  esac
  rm -f -- "$sarif"
}

# Sets `status` and `findings`. The scanner quotes file names and lines, which must not be read as workflow commands.
scan() {
  local extra lines token
  lines=$(mktemp -d "$RUNNER_TEMP/unleak-report.XXXXXX")/findings.jsonl
  # Code scanning would show what the baseline hides as open alerts.
  set -- scan --report "sarif=$sarif" --report "jsonl=$lines" --sarif-profile=github
  [[ -z ${UNLEAK_FAIL_ON:-} ]] || set -- "$@" "--fail-on=$UNLEAK_FAIL_ON"
  [[ -z ${UNLEAK_MIN_CONFIDENCE:-} ]] || set -- "$@" "--min-confidence=$UNLEAK_MIN_CONFIDENCE"
  [[ -z $range ]] || set -- "$@" "--range=$range"
  IFS=$' \t\n' read -r -d '' -a extra <<<"${UNLEAK_ARGS:-}" || true
  ((${#extra[@]} == 0)) || set -- "$@" "${extra[@]}"
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  status=0
  echo "::stop-commands::$token"
  "$program" "$@" 2>&1 || status=$?
  echo
  echo "::$token::"
  findings=''
  [[ ! -f $lines ]] || findings=$(grep -c '^{"type":"finding",' "$lines") || true
  rm -rf "${lines%/*}"
}

report_outcome() {
  local meaning
  case $status in
    0) meaning='passed' ;;
    1) meaning='findings' ;;
    3) meaning='part of what was asked for was not scanned' ;;
    *) meaning='the scan failed' ;;
  esac
  {
    echo "exit-code=$status"
    echo "findings=$findings"
    [[ ! -f $sarif ]] || echo "sarif-file=$sarif"
  } >>"$GITHUB_OUTPUT"
  {
    echo '### unleak'
    echo "- scanned: ${range:-the tree}"
    echo "- findings: ${findings:-unknown}"
    echo "- exit code: $status ($meaning)"
  } >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
}

: "${GITHUB_ACTION_PATH:?}" "${GITHUB_OUTPUT:?}" "${GITHUB_WORKSPACE:?}" "${RUNNER_TEMP:?}"
choose_sarif_file
cd "$GITHUB_WORKSPACE"
cd -- "${UNLEAK_PATH:-.}" || fail 'path is no directory'
choose_range
install_program
scan
report_outcome
exit "$status"
