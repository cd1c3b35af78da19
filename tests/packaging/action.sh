#!/usr/bin/env bash
# The action, run by act.py in scratch repositories for the events of a workflow. Sourced by run.
set -euo pipefail
: "${root:?run sets it}" "${tools:?run sets it}" "${scratch:?run sets it}"

action_checks() {
  check 'push: the pushed commits are scanned' pushed_commits
  check 'push: clean commits pass, whatever the tree holds' clean_push
  check 'push of a new branch: the tree is scanned' first_push
  check 'forced push: the commits that are new are scanned' forced_push
  check 'push, shallow clone: the missing commits are fetched' shallow_push
  check 'push, before is not to be had: the tree is scanned, and it is said' lost_before
  check 'pull_request: the commits of the branch are scanned' pull_request
  check 'merge_group: the commits of the queue are scanned' merge_group
  check 'schedule: the tree is scanned' schedule
  check 'a given range and further options are obeyed' given_range
  check 'inputs are never shell code' hostile_inputs
  check 'wrong inputs fail' wrong_inputs
}

# Minutes: the action builds the program.
built_action_checks() {
  check 'the action builds unleak and scans' quick_build built_action
}

# Only in the server: main = old (two tokens in old.env), clean, leak (one in new.env), removed (new.env is gone).
# The tree has two findings, clean..removed one, and old..clean none.
new_server() {
  git init --quiet --bare --initial-branch=main server
  git -C server config uploadpack.allowAnySHA1InWant true
  git clone --quiet "file://$PWD/server" author 2>clone-log
  (
    cd author
    { example 1; example 2; } >old.env
    step old
    echo 'clean' >notes.txt
    step clean
    example 3 >new.env
    step leak
    rm new.env
    step removed
    git push --quiet origin HEAD:main
  )
  tokens <author/old.env >secrets
  git -C author show leak:new.env | tokens >>secrets
}

# Commits all and names the commit by a local tag.
step() {
  commit "$1"
  git tag "$1"
}

id() {
  git -C author rev-parse "$1^{commit}"
}

# A clone as a checkout action leaves it.
check_out() {
  git clone --quiet "$@" "file://$PWD/server" checkout
}

# act STATUS EVENT PAYLOAD [INPUT=VALUE...]: runs the action in checkout; it must end with this status and print no secret.
act() {
  rm -rf run
  mkdir run
  printf '%s' "$3" >run/payload.json
  refused "$1" "$tools/python-programs/venv/bin/python" "$root/tests/packaging/act.py" \
    "$2" run/payload.json "$PWD/checkout" "$PWD/run" install=false "${@:4}" >run/log 2>&1
  cat run/log
  local files=(run/log)
  [[ ! -f run/summary ]] || files+=(run/summary)
  [[ -z $(output sarif-file) ]] || files+=("$(output sarif-file)")
  cat "${files[@]}" >run/all
  lacks_lines run/all <secrets
  expect test "$(output exit-code)" = "$1"
}

output() {
  sed -n "s/^$1=//p" run/outputs
}

# outcome FINDINGS SCANNED: what the last act reported.
outcome() {
  expect test "$(output findings)" = "$1"
  expect grep -qxF "unleak scans $2" run/log
  expect grep -qxF -- "- findings: $1" run/summary
  expect grep -q '"version": *"2.1.0"' "$(output sarif-file)"
  # What the scanner prints stands between the two lines that switch workflow commands off and on.
  local token
  token=$(sed -n 's/^::stop-commands:://p' run/log)
  expect grep -qxF "::$token::" run/log
}

push_payload() {
  printf '{"ref": "refs/heads/main", "before": "%s", "after": "%s"}' "$1" "$2"
}

pushed_commits() {
  new_server
  check_out
  act 1 push "$(push_payload "$(id clean)" "$(id removed)")"
  outcome 1 "$(id clean)..$(id removed)"
}

clean_push() {
  new_server
  check_out
  act 0 push "$(push_payload "$(id old)" "$(id clean)")"
  outcome 0 "$(id old)..$(id clean)"
}

first_push() {
  new_server
  check_out
  act 1 push "$(push_payload 0000000000000000000000000000000000000000 "$(id removed)")"
  outcome 2 'the tree'
}

# The old tip is on the server only, under no name.
forced_push() {
  new_server
  (
    cd author
    git switch --quiet --detach leak
    echo 'other' >notes.txt
    step abandoned
    git push --quiet origin abandoned:refs/heads/other
    git push --quiet origin :refs/heads/other
  )
  check_out
  refused 1 git -C checkout cat-file -e "$(id abandoned)"
  act 0 push "$(push_payload "$(id abandoned)" "$(id removed)")"
  outcome 0 "$(id abandoned)..$(id removed)"
}

shallow_push() {
  new_server
  check_out --depth=1
  act 1 push "$(push_payload "$(id clean)" "$(id removed)")"
  outcome 1 "$(id clean)..$(id removed)"
}

lost_before() {
  new_server
  check_out --depth=1
  act 1 push "$(push_payload 1234567890123456789012345678901234567890 "$(id removed)")"
  outcome 2 'the tree'
  expect grep -q '^::notice title=unleak::could not fetch the commits' run/log
}

# The runner's checkout is a shallow merge of both; neither end is there.
pull_request() {
  new_server
  (
    cd author
    git switch --quiet --create topic clean
    example 4 >topic.env
    step topic-leak
    echo 'topic' >topic.txt
    step topic
    git switch --quiet --detach removed
    git merge --quiet --message merge topic
    git push --quiet origin refs/heads/topic HEAD:refs/pull/1/merge
  )
  git -C author show topic-leak:topic.env | tokens >>secrets
  git init --quiet checkout
  git -C checkout remote add origin "file://$PWD/server"
  git -C checkout fetch --quiet --depth=1 origin refs/pull/1/merge
  git -C checkout checkout --quiet FETCH_HEAD
  # The event has a `before` of its own: the branch before its last push.
  act 1 pull_request "$(printf '{"before": "%s", "after": "%s", "pull_request": {"base": {"sha": "%s"}, "head": {"sha": "%s"}}}' \
    "$(id topic-leak)" "$(id topic)" "$(id removed)" "$(id topic)")"
  outcome 1 "$(id removed)..$(id topic)"
}

merge_group() {
  new_server
  check_out
  act 1 merge_group "$(printf '{"merge_group": {"base_sha": "%s", "head_sha": "%s"}}' "$(id clean)" "$(id leak)")"
  outcome 1 "$(id clean)..$(id leak)"
}

schedule() {
  new_server
  check_out
  act 1 schedule '{"schedule": "0 0 * * *"}'
  outcome 2 'the tree'
}

given_range() {
  new_server
  check_out
  act 0 push '{}' range=HEAD~2..HEAD~1 args='--exit-zero --quiet' sarif-file=out.sarif
  outcome 1 'HEAD~2..HEAD~1'
  expect test "$(output sarif-file)" = "$PWD/checkout/out.sarif"
  act 1 push '{}' range=tree fail-on=low min-confidence=high
  outcome 2 'the tree'
}

hostile_inputs() {
  new_server
  check_out
  # shellcheck disable=SC2016 # it must not be expanded
  local name code='$(touch hacked)`touch hacked`;touch hacked'
  for name in args fail-on min-confidence range; do
    act 2 schedule '{}' "$name=$code"
  done
  act 2 schedule '{}' "range=--exit-zero..$code"
  expect test -z "$(find . -name hacked)"
}

wrong_inputs() {
  new_server
  check_out
  act 2 schedule '{}' range=HEAD
  act 2 schedule '{}' install=maybe
  act 2 schedule '{}' path=nowhere
  act 2 schedule '{}' fail-on=huge
  expect test -z "$(output sarif-file)"
}

built_action() {
  new_server
  check_out
  act 1 schedule '{}' install=true
  outcome 2 'the tree'
}

# Runs a command that builds unleak for release, without the optimisation that takes most of the time. Dependencies are built once for all;
# what the manifest says of them all is overruled by a file above the folders of the checks, since no variable can.
quick_build() {
  mkdir -p "$scratch/build" "$scratch/.cargo"
  printf '[profile.release.package."*"]\nopt-level = 0\n' >"$scratch/.cargo/config.toml"
  QUICK_BUILD=$scratch/build CARGO_TARGET_DIR=$scratch/build \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 "$@"
}
