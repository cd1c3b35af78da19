#!/usr/bin/env bash
# Lints of what others run: the action, the example workflow, the hooks, the scripts. Sourced by run.
set -euo pipefail
: "${root:?run sets it}"

lint_checks() {
  check 'action.yml fits its schema' check-jsonschema --builtin-schema vendor.github-actions "$root/action.yml"
  check 'the example workflow fits its schema' check-jsonschema --builtin-schema vendor.github-workflows "$root/docs/examples/workflow.yml"
  check 'actionlint accepts the example workflow' actionlint -no-color "$root/docs/examples/workflow.yml"
  check 'zizmor finds nothing in the action' zizmor --offline --no-progress "$root/action.yml"
  check 'zizmor finds nothing in the example workflow' zizmor --offline --no-progress "$root/docs/examples/workflow.yml"
  check 'pre-commit accepts the hooks' pre-commit validate-manifest "$root/.pre-commit-hooks.yaml"
  check 'shellcheck accepts the scripts' lint_scripts
  check 'the documents show the files that are checked' documents_match
}

lint_scripts() {
  cd "$root"
  shellcheck .ci/run scripts/* action/run.sh tests/packaging/run tests/packaging/*.sh
}

# The workflow in the page for its users is the one that was linted.
documents_match() {
  # shellcheck disable=SC2016 # the backticks are those of Markdown
  sed -n '/^```yaml$/,/^```$/p' "$root/docs/github-actions.md" | sed '1d;$d' | diff "$root/docs/examples/workflow.yml" -
}
