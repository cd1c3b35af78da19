//! SARIF: valid by the standard's schema, and as code scanning wants it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use unleak::finding::{Coverage, Decision, Finding, Report, Verdict};
use unleak::patterns::Catalogue;
use unleak::report::{Format, Options, SarifProfile};

use super::{file, finding, in_history, options, patterns, place, render, sample};

fn log(report: &Report) -> Value {
    serde_json::from_str(&render(Format::Sarif, report, &options())).expect("because it is JSON")
}

/// The schema of SARIF 2.1.0 that the crate `serde-sarif` is generated from.
fn schema() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--locked",
            "--filter-platform",
            "host-tuple",
            "--manifest-path",
            manifest,
        ])
        .output()
        .expect("because cargo runs the tests");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("because cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("because there are packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").expect("because it is a dependency");
    let manifest = PathBuf::from(package["manifest_path"].as_str().expect("because every package has one"));
    let text = std::fs::read_to_string(manifest.with_file_name("src").join("schema.json")).expect("because the crate is built from it");
    let mut schema: Value = serde_json::from_str(&text).expect("because it is JSON");
    // The standard's pattern for two properties that unleak does not write has an unpaired bracket, which is no ECMA 262 expression.
    for owner in ["run", "toolComponent"] {
        let pattern = &mut schema["definitions"][owner]["properties"]["language"]["pattern"];
        assert_eq!(*pattern, "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
        *pattern = json!("^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    }
    schema
}

/// A finding of each built-in pattern.
fn of_every_pattern() -> Report {
    let catalogue = Catalogue::builtin();
    let here = place(file("a"), 1, 1, 3, ["", "", ""]);
    let findings = catalogue.indices().map(|index| finding(catalogue.pattern(index), b"some secret", vec![here.clone()])).collect();
    Report { findings, ..Report::default() }
}

#[test]
fn built_in_patterns_are_whole_rules() {
    let log = log(&of_every_pattern());
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("because there are rules") {
        let id = rule["id"].as_str().expect("because a rule has an id");
        let text = |name: &str| rule[name]["text"].as_str().map_or(0, |text| text.chars().count());
        assert!(text("shortDescription") > 0 && text("help") > 0, "{id}");
        assert!((1..=1024).contains(&text("fullDescription")), "{id}");
        assert!(rule["helpUri"].is_string(), "{id}: its docs are no URL");
    }
}

#[test]
fn valid_by_the_schema() {
    let validator = jsonschema::validator_for(&schema()).expect("because it is a schema");
    for report in [sample(), in_history(true), Report::default(), of_every_pattern(), hidden()] {
        let log = log(&report);
        let errors: Vec<String> = validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, [""; 0]);
    }
    assert!(!validator.is_valid(&json!({ "version": "2.1.0" })), "the schema must be able to fail");
}

#[test]
#[expect(clippy::too_many_lines, reason = "the run is the test")]
fn the_run() {
    let mut report = sample();
    report.findings.truncate(1);
    report.coverage.problems.truncate(1);
    let log = log(&report);
    let mut run = log["runs"][0].clone();
    let results = run.as_object_mut().and_then(|fields| fields.remove("results")).expect("because there are results");
    assert_eq!(results.as_array().map(Vec::len), Some(4));
    assert_eq!((&log["$schema"], &log["version"]), (&json!("https://json.schemastore.org/sarif-2.1.0.json"), &json!("2.1.0")));
    insta::assert_snapshot!(serde_json::to_string_pretty(&run).expect("because it was JSON"), @r#"
    {
      "automationDetails": {
        "id": "unleak/"
      },
      "columnKind": "unicodeCodePoints",
      "invocations": [
        {
          "executionSuccessful": true,
          "toolExecutionNotifications": [
            {
              "descriptor": {
                "id": "unreadable"
              },
              "level": "warning",
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "keys/%FF.pem",
                      "uriBaseId": "%SRCROOT%"
                    }
                  }
                }
              ],
              "message": {
                "text": "keys/\\\\xff.pem was not scanned whole (unreadable): permission denied."
              }
            }
          ]
        }
      ],
      "originalUriBaseIds": {
        "%SRCROOT%": {
          "description": {
            "text": "The root of the scanned tree."
          }
        }
      },
      "tool": {
        "driver": {
          "name": "unleak",
          "rules": [
            {
              "defaultConfiguration": {
                "level": "error"
              },
              "fullDescription": {
                "text": "Acme API token, a credential of Acme. It opens: Everything of the account."
              },
              "help": {
                "markdown": "**What it opens:** Everything of the account.\n\n**What to do:** Revoke it at https://acme.test/tokens, then keep the new one in a secrets manager.\n\n**What should hold it:** a secrets manager.\n\n[Revoke](https://acme.test/tokens) · [About it](https://acme.test/docs?a=b#tokens)\n",
                "text": "What it opens: Everything of the account.\nWhat to do: Revoke it at https://acme.test/tokens, then keep the new one in a secrets manager.\nWhat should hold it: a secrets manager.\n"
              },
              "helpUri": "https://acme.test/docs?a=b#tokens",
              "id": "acme-token",
              "properties": {
                "precision": "very-high",
                "problem.severity": "error",
                "security-severity": "9.5",
                "tags": [
                  "security",
                  "secret",
                  "acme",
                  "external/cwe/cwe-798"
                ]
              },
              "shortDescription": {
                "text": "Acme API token"
              }
            }
          ],
          "semanticVersion": "1.2.3"
        }
      },
      "versionControlProvenance": [
        {
          "branch": "main",
          "mappedTo": {
            "uriBaseId": "%SRCROOT%"
          },
          "repositoryUri": "https://git.test/acme/site.git",
          "revisionId": "0123456789abcdef0123456789abcdef01234567"
        }
      ]
    }
    "#);
}

#[test]
fn rules_are_those_of_the_results_by_id() {
    let log = log(&sample());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("because there are rules");
    let facts: Vec<[&str; 5]> = rules
        .iter()
        .map(|rule| {
            let properties = &rule["properties"];
            let of = |value: &'static str| properties[value].as_str().unwrap_or_default();
            let level = rule["defaultConfiguration"]["level"].as_str().unwrap_or_default();
            [rule["id"].as_str().unwrap_or_default(), level, of("precision"), of("problem.severity"), of("security-severity")]
        })
        .collect();
    let expected = [
        ["acme-access-key", "warning", "medium", "warning", "5.5"],
        ["acme-private-key", "error", "low", "error", "8.0"],
        ["acme-token", "error", "very-high", "error", "9.5"],
    ];
    assert_eq!(facts, expected);
    let results = log["runs"][0]["results"].as_array().expect("because there are results");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("because it is a number")).expect("because it is small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

#[test]
fn one_result_a_place() {
    let log = log(&sample());
    let results = &log["runs"][0]["results"];
    insta::assert_snapshot!(serde_json::to_string_pretty(&results[0]).expect("because it was JSON"), @r#"
    {
      "level": "error",
      "locations": [
        {
          "physicalLocation": {
            "artifactLocation": {
              "uri": "src/config.py",
              "uriBaseId": "%SRCROOT%"
            },
            "region": {
              "byteLength": 21,
              "byteOffset": 1209,
              "endColumn": 31,
              "endLine": 12,
              "startColumn": 10,
              "startLine": 12
            }
          }
        }
      ],
      "message": {
        "text": "Acme API token acme********. Revoke it at https://acme.test/tokens, then keep the new one in a secrets manager."
      },
      "partialFingerprints": {
        "primaryLocationLineHash": "30ac82fae48ec8be:1",
        "unleak/secret/v1": "6c3a52c1fa67c2b13e017c5381ad5635"
      },
      "properties": {
        "checksum": "valid",
        "confidence": "certain",
        "fingerprint": "6c3a52c1fa67c2b13e017c5381ad5635",
        "origin": "file",
        "probability": 0.995
      },
      "ruleId": "acme-token",
      "ruleIndex": 2
    }
    "#);
    let message = "Acme access key \\[v1\\] {{beta}} AKE********. \
        Revoke it at https://acme.test/keys and make no new one: an IAM role replaces the key.";
    assert_eq!(results[4]["message"]["text"], message);
    let properties = json!({
        "confidence": "medium",
        "encodings": ["percent", "base64"],
        "fingerprint": results[4]["partialFingerprints"]["unleak/secret/v1"],
        "origin": "stdin",
        "probability": 0.7,
    });
    assert_eq!(results[4]["properties"], properties);
    assert_eq!(results[3]["properties"]["commit"], "0123456789abcdef0123456789abcdef01234567");
    assert_eq!(results[5]["properties"]["testOrExample"], true);
    assert_eq!(results[5]["level"], "warning");
}

#[test]
fn places_have_uris_and_regions() {
    let log = log(&sample());
    let results = log["runs"][0]["results"].as_array().expect("because there are results");
    let facts: Vec<(&str, [u64; 4])> = results
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            let numbers =
                ["startLine", "startColumn", "endLine", "endColumn"].map(|name| place["region"][name].as_u64().unwrap_or_default());
            (place["artifactLocation"]["uri"].as_str().unwrap_or_default(), numbers)
        })
        .collect();
    let expected = [
        ("src/config.py", [12, 10, 12, 31]),
        ("src/with%20space/%231%C3%A9.py", [3, 1, 3, 22]),
        ("caf%E9/%1B%5B31m.txt", [4, 2, 4, 23]),
        ("COMMIT_MESSAGE/0123456789abcdef0123456789abcdef01234567", [1, 7, 1, 28]),
        ("stdin", [1, 6, 1, 30]),
        ("tests/key.pem", [1, 1, 3, 4]),
    ];
    assert_eq!(facts, expected);
}

#[test]
fn paths_become_uris() {
    let pattern = &patterns()[0];
    for (path, uri, base) in [
        ("./a//b:c", "a/b%3Ac", Some("%SRCROOT%")),
        ("a%20b", "a%2520b", Some("%SRCROOT%")),
        ("../up", "../up", Some("%SRCROOT%")),
        ("", "file", Some("%SRCROOT%")),
        ("/etc/x y", "file:///etc/x%20y", None),
    ] {
        let found = finding(pattern, b"some secret", vec![place(file(path), 1, 1, 3, ["", "", ""])]);
        let log = log(&Report { findings: vec![found], ..Report::default() });
        let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!((location["uri"].as_str(), location["uriBaseId"].as_str()), (Some(uri), base));
    }
}

#[test]
fn only_urls_that_others_can_open_are_provenance() {
    for (url, expected) in [
        ("https://git.test/a.git", Some("https://git.test/a.git")),
        ("ssh://git.test/a.git", Some("ssh://git.test/a.git")),
        ("git.test:a.git", None),
        ("file:///home/someone/a", None),
        ("/home/someone/a", None),
        ("https://git.test/a b", None),
    ] {
        let mut report = sample();
        report.repository.as_mut().expect("because the sample has one").url = Some(url.to_owned());
        let log = log(&report);
        assert_eq!(log["runs"][0]["versionControlProvenance"][0]["repositoryUri"].as_str(), expected, "{url}");
    }
}

/// Each run's id and number of results, and the notifications of the first.
fn runs(report: &Report, sarif_profile: SarifProfile) -> (Vec<(String, usize)>, Vec<String>) {
    let text = render(Format::Sarif, report, &Options { sarif_profile, ..options() });
    let log: Value = serde_json::from_str(&text).expect("because it is JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let string = |value: &Value| value.as_str().expect("because it is a string").to_owned();
    let run = |run: &Value| (string(&run["automationDetails"]["id"]), list(&run["results"]).len());
    let notifications = list(&log["runs"][0]["invocations"][0]["toolExecutionNotifications"]);
    assert!(list(&log["runs"]).iter().skip(1).all(|run| run["invocations"][0].get("toolExecutionNotifications").is_none()));
    (
        list(&log["runs"]).iter().map(run).collect(),
        notifications.iter().map(|notification| string(&notification["message"]["text"])).collect(),
    )
}

fn named(runs: &[(&str, usize)]) -> Vec<(String, usize)> {
    runs.iter().map(|&(id, results)| (id.to_owned(), results)).collect()
}

#[test]
fn many_results_are_several_runs_and_code_scanning_gets_the_most_severe() {
    let [critical, medium, _] = patterns().try_into().expect("because there are three");
    let here = place(file("a"), 1, 1, 3, ["", "", ""]);
    let findings = vec![finding(&medium, b"one", vec![here.clone(); 10]), finding(&critical, b"two", vec![here.clone(); 24_995])];
    let report = Report { findings, ..Report::default() };
    assert_eq!(runs(&report, SarifProfile::Full), (named(&[("unleak/", 25_000), ("unleak/2/", 5)]), vec![]));
    let note = "5 places are not in this file: it holds the 25,000 of the most severe findings, as many as code scanning takes.";
    assert_eq!(runs(&report, SarifProfile::Github), (named(&[("unleak/", 25_000)]), vec![note.to_owned()]));
    let first = render(Format::Sarif, &report, &Options { sarif_profile: SarifProfile::Github, ..options() });
    let first: Value = serde_json::from_str(&first).expect("because it is JSON");
    let results = first["runs"][0]["results"].as_array().expect("because there are results");
    assert_eq!(results.iter().filter(|result| result["ruleId"] == "acme-access-key").count(), 5);
}

#[test]
fn twenty_runs_are_a_file() {
    let [critical, ..] = &patterns()[..] else { panic!("there are three") };
    let here = place(file("a"), 1, 1, 3, ["", "", ""]);
    let report = Report { findings: vec![finding(critical, b"two", vec![here; 500_001])], ..Report::default() };
    let (ids, notes) = runs(&report, SarifProfile::Full);
    assert_eq!((ids.len(), ids[19].clone()), (20, ("unleak/20/".to_owned(), 25_000)));
    assert_eq!(notes, ["1 places are not in this file: it holds the 500,000 of the most severe findings, as many as code scanning takes."]);
}

#[test]
fn what_no_file_holds_any_more_is_a_run_of_its_own_and_not_for_code_scanning() {
    let whole = |is_live| Report { coverage: Coverage::default(), ..in_history(is_live) };
    let gone = whole(false);
    assert_eq!(runs(&gone, SarifProfile::Full), (named(&[("unleak/", 0), ("unleak/history/", 1)]), vec![]));
    let note = "Left out, since no file at HEAD has a line to show: 1 secret that only the history holds.";
    assert_eq!(runs(&gone, SarifProfile::Github), (named(&[("unleak/", 0)]), vec![note.to_owned()]));
    let live = whole(true);
    for profile in SarifProfile::ALL {
        assert_eq!(runs(&live, profile), (named(&[("unleak/", 1)]), vec![]));
    }
}

#[test]
fn problems_beyond_a_thousand_are_counted() {
    let mut report = Report::default();
    report.coverage.problems = vec![sample().coverage.problems[0].clone(); 1_500];
    let log = log(&report);
    let notifications = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().expect("because there are problems");
    assert_eq!(notifications.len(), 1_001);
    assert_eq!(notifications[1_000]["message"]["text"], "500 more items were not scanned.");
}

/// The sample with a judgement of everything; two secrets are hidden.
fn hidden() -> Report {
    let mut report = sample();
    for (finding, verdict) in report.findings.iter_mut().zip(Verdict::ALL) {
        let [reason, by, date, pattern] = ["made {0} up\u{1b}", "Ann", "2026-01-31", "a"].map(str::to_owned);
        finding.decision = Some(Decision { verdict, reason, by, date, pattern });
    }
    let (hidden, findings) = std::mem::take(&mut report.findings).into_iter().partition(Finding::is_hidden);
    Report { findings, hidden, ..report }
}

#[test]
fn what_the_baseline_hides_comes_last_with_its_reason_and_no_name() {
    let log = log(&hidden());
    let results = log["runs"][0]["results"].as_array().expect("because there are results");
    let marked: Vec<bool> = results.iter().map(|result| result.get("suppressions").is_some()).collect();
    assert_eq!(marked, [false, true, true, true, true, true]);
    let suppression =
        json!({ "kind": "external", "status": "accepted", "justification": "judged false on 2026-01-31: made {0} up\\u{1b}" });
    assert_eq!(results[1]["suppressions"], json!([suppression]));
    let verdicts: Vec<&Value> = results.iter().map(|result| &result["properties"]["verdict"]).collect();
    assert_eq!(verdicts, ["real", "false", "false", "false", "false", "accepted"]);
    assert!(!log.to_string().contains("Ann"));
}

#[test]
fn secrets_never_get_in() {
    let shown = Options { show_secrets: true, ..options() };
    assert_eq!(render(Format::Sarif, &sample(), &shown), render(Format::Sarif, &sample(), &options()));
}

#[test]
fn one_result_a_secret_of_a_history() {
    let text = render(Format::Sarif, &in_history(true), &options());
    assert!(["Ann", "Bob", "Cleo", "author"].iter().all(|person| !text.contains(person)), "no names of people");
    let log = log(&in_history(true));
    let results = log["runs"][0]["results"].as_array().expect("because there are results");
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "src/config.py");
    let expected = json!({
        "introduced": [
            { "commit": "a".repeat(40), "date": "2024-03-05T17:24:09+01:00", "path": "caf\\xe9/a.py", "line": 3 },
            { "commit": "b".repeat(40), "date": "2024-03-05T13:54:09-02:30", "path": "COMMIT_MESSAGE" },
        ],
        "introductions": 2,
        "removed": [{ "commit": "c".repeat(40), "date": "2024-03-05T16:24:09+00:00" }],
        "removals": 1,
        "live": [{ "path": "src/config.py", "line": 12 }, { "path": "old.py" }],
        "mentioned": [],
        "commits": 1200,
        "blobs": 3,
        "references": ["refs/heads/main", "refs/tags/v1\\u{202e}", "refs/remotes/origin/main", "HEAD"],
        "referenceCount": 140,
        "reachedRemote": true,
    });
    assert_eq!(results[0]["properties"]["exposure"], expected);
}
