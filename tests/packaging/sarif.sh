#!/usr/bin/env bash
# The SARIF report, judged by its schema and by programs of others. Sourced by run.
set -euo pipefail
: "${root:?run sets it}" "${tools:?run sets it}"

sarif_checks() {
  check 'SARIF of a tree is valid for code scanning' tree_sarif
  check 'SARIF of commits is valid for code scanning' range_sarif
  check 'SARIF without findings is valid for code scanning' clean_sarif
  check 'line hashes are those that code scanning computes' line_hashes
}

sarif_tool() {
  "$tools/python-programs/venv/bin/python" "$root/tests/packaging/sarif.py" "$@"
}

# A made-up credential of each pattern, in paths that need escapes.
new_tree() {
  git init --quiet --initial-branch=main tree
  git -C tree remote add origin https://example.org/some/project.git
  mkdir 'tree/a b%'
  local id
  unleak patterns list | while read -r id _; do
    unleak patterns example "$id" >"tree/a b%/ü#$id.txt"
  done
}

# write_sarif OPTION...: scans the tree, which has findings, into report.sarif.
write_sarif() {
  (cd tree; refused 1 unleak scan --quiet --report sarif=../report.sarif "$@" >../log)
}

# Whether report.sarif fits the schema and the rules of code scanning.
valid() {
  check-jsonschema --schemafile "$tools/sarif-2.1.0.json" report.sarif
  # The rule that is switched off asks the network for each URL.
  cat >rules.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<Properties>
  <Properties Key="SARIF2006.UrisShouldBeReachable.Options">
    <Property Key="RuleEnabled" Value="Disabled" Type="Driver.RuleEnabledState" />
  </Properties>
</Properties>
XML
  sarif-multitool validate report.sarif --rule-kind 'Sarif;Ghas' --level 'Error;Warning' --config rules.xml --output judged.sarif --log ForceOverwrite
  sarif_tool errors judged.sarif
}

tree_sarif() {
  new_tree
  write_sarif
  valid
}

range_sarif() {
  new_tree
  (cd tree; commit 'first')
  write_sarif --range=0000000000000000000000000000000000000000..HEAD
  valid
}

clean_sarif() {
  mkdir tree
  (cd tree; unleak scan --report sarif=../report.sarif)
  valid
}

# Line ends and characters that a hash could treat in another way, and lines whose hashes are equal.
write_odd_files() {
  printf 'a\r\nb\r\n%s\r\nc\r\n' "$(example 1)" >crlf.env
  printf 'a\rb\r%s\rc' "$(example 2)" >cr.env
  printf '\tx\t\n\t%s\t \n\n' "$(example 3)" >tabs.env
  printf '%s' "$(example 4)" >no-final-newline.env
  printf '\xf0\x9f\x94\x91 \xc3\xa9 %s\n\xf0\x9f\x94\x91\n' "$(example 5)" >beyond-ascii.env
  { example 6; example 6; example 6; } >equal.env
  { printf 'long line %.0s' {1..2000}; echo; example 7; } >long.env
}

line_hashes() {
  mkdir tree
  (cd tree; write_odd_files)
  write_sarif
  sarif_tool bare report.sarif "$PWD/tree" >bare.sarif
  sarif-multitool rewrite bare.sarif --output theirs.sarif --insert RollingHashPartialFingerprints --log ForceOverwrite
  sarif_tool hashes report.sarif "$PWD/tree" | sort >ours
  sarif_tool hashes theirs.sarif "$PWD/tree" | sort >theirs
  expect test "$(wc -l <ours)" -eq 9
  diff ours theirs
}
