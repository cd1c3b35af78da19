//! Properties of the rewriters of formats. Owns: values in every style decode exactly and are spelled again, whatever is in a file is survived.
//! Must not: repeat the fixtures.

use bstr::{BStr, BString};
use proptest::prelude::*;

use super::for_source;
use crate::reference::{Backend, Reference};
use crate::rewrite::{Source, Style, Tree, Wanted, splice};

struct NoTree;

impl Tree for NoTree {
    fn read(&self, _path: &BStr) -> Option<Vec<u8>> {
        None
    }

    fn named(&self, _names: &[&str]) -> Vec<BString> {
        Vec::new()
    }
}

/// Locates the bytes between `before` and `after`: the value, after its spelling gave the bytes back and its rewrite was verified.
fn located(path: &str, before: &str, token: &str, after: &str) -> Result<String, String> {
    let text = format!("{before}{token}{after}");
    let source = Source { path: path.into(), bytes: text.as_bytes() };
    let rewriter = for_source(source).expect("because the paths are those of formats");
    let span = before.len()..before.len() + token.trim_end().len();
    let located = rewriter.locate(source, span, Style::Auto, &NoTree).map_err(|manual| manual.reason)?;
    let raw = located.spelling.spell(located.value.expose()).expect("because it was located");
    assert_eq!(BStr::new(&raw), BStr::new(&text.as_bytes()[located.span.clone()]));
    let reference = Reference::to(Backend::Aws, "app/secret".to_owned());
    let wanted = [Wanted { located: &located, reference: &reference, variable: "APP_SECRET", fields: &[] }];
    let new = rewriter.rewrite(source, &wanted, &NoTree).map_err(|manual| manual.reason)?;
    rewriter.verify(source, &splice(text.as_bytes(), &new.splices), &new.splices).map_err(|manual| manual.reason)?;
    Ok(String::from_utf8(located.value.expose().to_vec()).expect("because values are text"))
}

/// `value` in a string with escapes, some of them in hex digits.
fn escaped(value: &str, hex: bool) -> String {
    value
        .chars()
        .map(|character| match character {
            '"' | '\\' => format!("\\{character}"),
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            other if hex && u32::from(other) < 0x1_0000 => format!("\\u{:04x}", u32::from(other)),
            other => other.to_string(),
        })
        .collect()
}

proptest! {
    #[test]
    fn quoted_values_are_exact(value in "[ -~äß€😀\n\t]{0,20}[!-~]", hex: bool) {
        let inner = escaped(&value, hex);
        prop_assert_eq!(located("a.json", "{\"a\": \"", &inner, "\"}"), Ok(value.clone()));
        prop_assert_eq!(located("a.yaml", "b: 1\na: \"", &inner, "\"\nc: 2\n"), Ok(value.clone()));
        prop_assert_eq!(located("a.toml", "b = 1\na = \"", &inner, "\"\nc = 2\n"), Ok(value.clone()));
    }

    #[test]
    fn raw_values_are_exact(value in "[!-~äß€😀][ -~äß€😀]{0,20}[!-~]") {
        let doubled = value.replace('\'', "''");
        prop_assert_eq!(located("a.yaml", "b: 1\na: '", &doubled, "'\nc: 2\n"), Ok(value.clone()));
        let once = value.replace('\'', "");
        prop_assume!(once.trim() == once && !once.is_empty());
        prop_assert_eq!(located("a.toml", "b = 1\na = '", &once, "'\nc = 2\n"), Ok(once.clone()));
        let backslash = once.replace("\\\\", "");
        prop_assume!(!backslash.contains('\\') && !backslash.is_empty());
        prop_assert_eq!(located(".env", "B=1\nA='", &backslash, "'\nC=2\n"), Ok(backslash.clone()));
        let entities = once.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assume!(!once.contains("${"));
        prop_assert_eq!(located("settings.xml", "<a><b>", &entities, "</b></a>"), Ok(once.clone()));
    }

    #[test]
    fn blocks_are_exact(lines in prop::collection::vec("[!-~äß€😀][ -~äß€]{0,12}|", 0..5), last in "[!-~]{1,9}", crlf: bool, strip: bool) {
        let mut lines = lines;
        lines.insert(0, "first".to_owned());
        lines.push(last);
        let end = if crlf { "\r\n" } else { "\n" };
        let block: String = lines.iter().map(|line| if line.is_empty() { end.to_owned() } else { format!("  {line}{end}") }).collect();
        let head = format!("b: 1{end}a: {}{end}  ", if strip { "|-" } else { "|" });
        let value = lines.join("\n") + if strip { "" } else { "\n" };
        prop_assert_eq!(located("a.yaml", &head, &block[2..], "c: 2\n"), Ok(value));
    }

    #[test]
    fn properties_are_exact(value in "[!-~][ -~]{0,20}[!-~]", hex: bool) {
        let escape = |character: char| match character {
            '\\' => "\\\\".to_owned(),
            other if hex => format!("\\u{:04X}", u32::from(other)),
            other => other.to_string(),
        };
        let inner: String = value.chars().map(escape).collect();
        prop_assume!(!value.starts_with(['=', ':']) || hex);
        prop_assert_eq!(located("a.properties", "b=1\na = ", &inner, "\nc=2\n"), Ok(value));
    }

    #[test]
    fn whatever_is_in_a_file_is_survived(pieces in prop::collection::vec(0..PIECES.len(), 0..24), path in 0..PATHS.len(), from in 0_usize..200, length in 1_usize..40) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let (start, end) = (boundary(from), boundary(from + length));
        let source = Source { path: PATHS[path].into(), bytes: text.as_bytes() };
        let Some(rewriter) = for_source(source) else { return Ok(()) };
        if let Ok(located) = rewriter.locate(source, start..end, Style::Auto, &NoTree) {
            let raw = located.spelling.spell(located.value.expose());
            prop_assert_eq!(raw.as_deref(), Some(&text.as_bytes()[located.span.clone()]));
            let reference = Reference::to(Backend::Aws, "app/secret".to_owned()).with_key("password");
            let wanted = [Wanted { located: &located, reference: &reference, variable: "APP_SECRET", fields: &[] }];
            if let Ok(new) = rewriter.rewrite(source, &wanted, &NoTree) {
                let after = splice(text.as_bytes(), &new.splices);
                drop(rewriter.verify(source, &after, &new.splices));
            }
        }
    }
}

const PATHS: [&str; 25] = [
    "a.bicepparam",
    ".env",
    "env.list",
    "a.yaml",
    "a.json",
    "a.toml",
    "a.ini",
    "a.conf",
    "a.properties",
    "compose.yaml",
    "application.yml",
    "config/database.yml",
    "group_vars/a.yml",
    "values.yaml",
    "a.tf",
    ".github/workflows/a.yml",
    ".gitlab-ci.yml",
    "settings.xml",
    "a.ipynb",
    "appsettings.json",
    "a.md",
    ".npmrc",
    "Dockerfile",
    "templates/a.yaml",
    "application.properties",
];

const PIECES: [&str; 64] = [
    "a",
    "b: ",
    "c=",
    "\"",
    "'",
    "\\",
    "\\u00e9",
    "\\ud83d",
    "\n",
    "\r\n",
    "  ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "- ",
    "|\n",
    ">-\n",
    "|+\n",
    "&x ",
    "*x",
    "!Sub ",
    "# ",
    "<a>",
    "</a>",
    "&amp;",
    "${x}",
    "$$",
    "{{",
    "}}",
    "<%= x %>",
    "é",
    "😀",
    "\u{feff}",
    "apiVersion: v1\n",
    "kind: Secret\n",
    "metadata:\n  name: x\n",
    "data:\n  ",
    "stringData:\n  ",
    "jobs:\n  a:\n    steps:\n      - env:\n          A: ",
    "Resources:\n  A:\n    Properties:\n      ",
    "AWS::",
    "variables:\n    ",
    "variable \"x\" {\n",
    "default = ",
    "\"containerDefinitions\"",
    "\"environment\": [",
    "{\"name\": \"x\", \"value\": \"y\"}",
    "\"cells\": [",
    "\"source\": [",
    "\"cell_type\": \"code\"",
    "secret",
    "c2VjcmV0",
    "---\n",
    "\"\"\"",
    "'''",
    "=",
    "export ",
    "?",
    "//",
    "/*",
];

#[test]
fn a_value_of_terraform_is_called_as_terraform_addresses_it() {
    for (text, name) in [
        ("resource \"aws_db_instance\" \"orders\" {\n  password = \"@\"\n}\n", "aws_db_instance.orders.password"),
        ("resource \"aws_db_instance\" \"this\" {\n  password = \"@\"\n}\n", "aws_db_instance.password"),
        ("resource \"a_service\" \"api\" {\n  login {\n    password = \"@\"\n  }\n}\n", "a_service.api.login.password"),
        (
            "resource \"a_function\" \"api\" {\n  environment {\n    variables = {\n      DB_PASSWORD = \"@\"\n    }\n  }\n}\n",
            "a_function.api.DB_PASSWORD",
        ),
        (
            "resource \"a_task\" \"api\" {\n  container_definitions = jsonencode([{ environment = [{ name = \"DB_PASSWORD\", value = \"@\" }] }])\n}\n",
            "a_task.api.DB_PASSWORD",
        ),
        ("resource \"a_task\" \"api\" {\n  tags = { value = \"@\" }\n}\n", "a_task.api.tags.value"),
        ("provider \"datadog\" {\n  api_key = \"@\"\n}\n", "datadog.api_key"),
        ("module \"db\" {\n  password = \"@\"\n}\n", "db.password"),
        ("locals {\n  api_key = \"@\"\n}\n", "api_key"),
        ("variable \"db_password\" {\n  default = \"@\"\n}\n", "db_password"),
    ] {
        let source = Source { path: "main.tf".into(), bytes: text.as_bytes() };
        let at = text.find('@').unwrap();
        let located = for_source(source).unwrap().locate(source, at..at + 1, Style::Auto, &NoTree).unwrap();
        assert_eq!(located.name.as_deref(), Some(name), "{text}");
    }
}

#[test]
fn deep_nesting_is_survived() {
    for (path, open) in [
        ("a.json", "["),
        ("a.json", "{\"a\":"),
        ("a.yaml", "["),
        ("a.yaml", "- "),
        ("a.yaml", "{a: "),
        ("a.toml", "a = [["),
        ("a.tf", "a {\n"),
        ("a.tf", "a = ["),
        ("settings.xml", "<a>"),
        ("a.ipynb", "["),
    ] {
        let text = open.repeat(20_000) + "\"secret\"";
        let source = Source { path: path.into(), bytes: text.as_bytes() };
        let rewriter = for_source(source).expect("because the paths are those of formats");
        drop(rewriter.locate(source, text.len() - 7..text.len() - 1, Style::Auto, &NoTree));
    }
}
