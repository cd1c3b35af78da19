//! The JSON formats, field by field.

use serde_json::{Value, json};
use unleak::finding::Report;
use unleak::report::{Format, Options};

use super::{in_history, options, render, sample};

fn document(options: &Options) -> Value {
    serde_json::from_str(&render(Format::Json, &sample(), options)).expect("because it is JSON")
}

#[test]
#[expect(clippy::too_many_lines, reason = "the document is the test")]
fn the_whole_document() {
    let mut report = sample();
    report.findings.drain(..1);
    report.findings.truncate(1);
    report.dropped.clear();
    let options = Options { explain: true, ..options() };
    let document: Value = serde_json::from_str(&render(Format::Json, &report, &options)).expect("because it is JSON");
    let text = serde_json::to_string_pretty(&document).expect("because it was JSON").replace('\u{202e}', "<U+202E>");
    insta::assert_snapshot!(text, @r#"
    {
      "coverage": {
        "binary": 3,
        "bytes": 56200000,
        "compressed": 1,
        "scanned": 1234,
        "skipped": {
          "ignored": 5,
          "symlink": 2
        }
      },
      "dropped": [],
      "findings": [
        {
          "advice": "Revoke it at https://acme.test/keys and make no new one: an IAM role replaces the key.",
          "checksum": "none",
          "confidence": {
            "level": "medium",
            "probability": 0.7
          },
          "evidence": [],
          "facts": {
            "host": "a.test, b.test<U+202E>",
            "user": "root"
          },
          "fingerprint": "02e01db540979f03147a6e435d44b75e",
          "masked": "AKE********",
          "opens": "Reading.",
          "pattern": "acme-access-key",
          "places": [
            {
              "column": 6,
              "column_byte": 9,
              "confidence": {
                "level": "medium",
                "probability": 0.7
              },
              "encodings": [
                "percent",
                "base64"
              ],
              "end_column": 30,
              "end_column_byte": 33,
              "end_line": 1,
              "excerpt": {
                "after": ", more",
                "before": "𝒳: é = ",
                "masked": "AKEY********"
              },
              "line": 1,
              "origin": "stdin",
              "path": "stdin",
              "span": {
                "end": 132,
                "start": 108
              },
              "test_or_example": false
            }
          ],
          "provider": "acme",
          "revoke": "https://acme.test/keys",
          "severity": "medium",
          "store": "iam-role",
          "title": "Acme access key [v1] {beta}"
        }
      ],
      "problems": [
        {
          "detail": "permission denied",
          "kind": "unreadable",
          "path": "keys/\\xff.pem",
          "path_bytes": "a2V5cy//LnBlbQ=="
        },
        {
          "detail": "larger than 1 GB",
          "kind": "over-limit",
          "path": "dump.sql"
        }
      ],
      "schema_version": 1,
      "summary": {
        "below_threshold": 1200,
        "by_severity": {
          "medium": 1
        },
        "complete": false,
        "places": 1,
        "secrets": 1,
        "suppressed": {
          "foreign-mark": 1,
          "inline-mark": 2
        }
      },
      "tool": {
        "name": "unleak",
        "version": "1.2.3"
      }
    }
    "#);
}

#[test]
fn places_of_every_origin() {
    let document = document(&Options { explain: true, ..options() });
    let places = &document["findings"][0]["places"];
    let facts: Vec<[&Value; 4]> = (0..4).map(|index| ["path", "path_bytes", "origin", "commit"].map(|name| &places[index][name])).collect();
    let encoded = data_encoding::BASE64.encode(b"caf\xe9/\x1b[31m.txt");
    let expected = json!([
        ["src/config.py", null, "file", null],
        ["src/with space/#1é.py", null, "file", null],
        ["caf\\xe9/\\u{1b}[31m.txt", encoded, "index", null],
        ["COMMIT_MESSAGE", null, "commit-message", "0123456789abcdef0123456789abcdef01234567"],
    ]);
    assert_eq!(json!(facts), expected);
    assert_eq!(places[0]["line_hash"], "30ac82fae48ec8be:1");
    assert_eq!(places[1].get("line_hash"), None);
    assert_eq!(document["dropped"][0]["pattern"], "acme-access-key");
    assert_eq!(document["dropped"][0]["reason"], "low entropy");
    assert_eq!(document["dropped"][0]["place"]["path"], "docs/setup.md");
    assert_eq!(document["problems"][0]["path_bytes"], data_encoding::BASE64.encode(b"keys/\xff.pem"));
}

#[test]
fn secrets_on_request() {
    let document = document(&Options { show_secrets: true, ..options() });
    let [token, key, private] = super::secrets();
    assert_eq!(document["findings"][0]["secret"].as_str().map(str::as_bytes), Some(&token[..]));
    assert_eq!(document["findings"][1]["secret"].as_str().map(str::as_bytes), Some(&key[..]));
    assert_eq!(document["findings"][2].get("secret"), None);
    assert_eq!(document["findings"][2]["secret_bytes"], data_encoding::BASE64.encode(&private));
    assert_eq!(document.get("dropped"), None);
}

#[test]
fn lines_hold_what_the_document_holds() {
    let options = Options { explain: true, ..options() };
    let mut document = document(&options);
    let text = render(Format::Jsonl, &sample(), &options);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("because it is JSON")).collect();
    let typed = |kind: &str, value: &Value| {
        let mut value = value.clone();
        value["type"] = kind.into();
        value
    };
    let mut expected: Vec<Value> = Vec::new();
    for (list, kind) in [("findings", "finding"), ("dropped", "dropped")] {
        let records = document.as_object_mut().and_then(|fields| fields.remove(list)).expect("because it is there");
        expected.extend(records.as_array().expect("because it is a list").iter().map(|record| typed(kind, record)));
    }
    expected.push(typed("summary", &document));
    assert_eq!(lines, expected);
    assert!(text.starts_with(r#"{"type":"finding","fingerprint":""#));
}

#[test]
fn an_empty_report_has_every_field() {
    let text = render(Format::Json, &Report::default(), &options());
    let expected = json!({
        "schema_version": 1,
        "tool": { "name": "unleak", "version": "1.2.3" },
        "findings": [],
        "summary": { "secrets": 0, "places": 0, "by_severity": {}, "suppressed": {}, "below_threshold": 0, "complete": true },
        "coverage": { "scanned": 0, "bytes": 0, "binary": 0, "compressed": 0, "skipped": {} },
        "problems": [],
    });
    assert_eq!(serde_json::from_str::<Value>(&text).expect("because it is JSON"), expected);
    assert!(text.ends_with("}\n"));
}

#[test]
fn exposure_of_a_history() {
    let document: Value = serde_json::from_str(&render(Format::Json, &in_history(true), &options())).expect("because it is JSON");
    let commit = |digit: &str, date: &str, author: &str| json!({ "commit": digit.repeat(40), "date": date, "author": author });
    let mut introduced = [commit("a", "2024-03-05T17:24:09+01:00", "Ann \u{1b}[31mOther"), commit("b", "2024-03-05T13:54:09-02:30", "Bob")];
    introduced[0]["path"] = "caf\\xe9/a.py".into();
    introduced[0]["path_bytes"] = data_encoding::BASE64.encode(b"caf\xe9/a.py").into();
    introduced[0]["line"] = 3.into();
    introduced[1]["path"] = "COMMIT_MESSAGE".into();
    let expected = json!({
        "introduced": introduced,
        "introductions": 2,
        "removed": [commit("c", "2024-03-05T16:24:09+00:00", "Cleo")],
        "removals": 1,
        "live": [{ "path": "src/config.py", "line": 12 }, { "path": "old.py" }],
        "mentioned": [],
        "commits": 1200,
        "blobs": 3,
        "references": ["refs/heads/main", "refs/tags/v1\\u{202e}", "refs/remotes/origin/main", "HEAD"],
        "reference_count": 140,
        "reached_remote": true,
    });
    assert_eq!(document["findings"][0]["exposure"], expected);
    assert_eq!(self::document(&options())["findings"][0].get("exposure"), None);
}
