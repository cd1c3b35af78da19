//! Hostile input to the rewriters of code. Owns: any value in every syntax of strings, deep nesting, large and broken files.

use std::time::{Duration, Instant};

use bstr::ByteSlice as _;
use proptest::prelude::*;
use unleak::rewrite::{self, Manual, Source, Style};

use super::NoTree;

/// A syntax of strings: the file, what is before the value and after it, and how a value is written.
struct Syntax {
    path: &'static str,
    before: &'static str,
    after: &'static str,
    write: fn(char, bool) -> Option<String>,
}

/// A character in the C family: `more` are escaped too, `unicode` spells what is not ASCII.
fn c_like(character: char, escape: bool, more: &str, unicode: fn(char) -> String) -> String {
    match character {
        '\n' => "\\n".to_owned(),
        '\t' if escape => "\\t".to_owned(),
        _ if character == '\\' || more.contains(character) => format!("\\{character}"),
        _ if escape && !character.is_ascii() => unicode(character),
        _ => character.to_string(),
    }
}

fn four(character: char) -> String {
    if u32::from(character) < 0x1_0000 { format!("\\u{:04x}", u32::from(character)) } else { character.to_string() }
}

fn eight(character: char) -> String {
    if u32::from(character) < 0x1_0000 { four(character) } else { format!("\\U{:08X}", u32::from(character)) }
}

fn pair(character: char) -> String {
    character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
}

fn braces(character: char) -> String {
    format!("\\u{{{:x}}}", u32::from(character))
}

fn bytes(character: char) -> String {
    character.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\x{byte:02x}")).collect::<Vec<_>>().concat()
}

/// As it is, but for what the quotes forbid.
fn raw(character: char, forbidden: &str) -> Option<String> {
    (!forbidden.contains(character)).then(|| character.to_string())
}

fn doubled(character: char, quote: char) -> String {
    if character == quote { format!("{quote}{quote}") } else { character.to_string() }
}

const SYNTAXES: [Syntax; 30] = [
    Syntax { path: "a.py", before: "x = \"", after: "\"\n", write: |c, e| Some(c_like(c, e, "\"", eight)) },
    Syntax {
        path: "a.py",
        before: "x = f'",
        after: "'\n",
        write: |c, e| Some(if "{}".contains(c) { doubled(c, c) } else { c_like(c, e, "'", eight) }),
    },
    Syntax {
        path: "a.py",
        before: "x = \"\"\"",
        after: "\"\"\"\n",
        write: |c, e| Some(if c == '\n' { c.to_string() } else { c_like(c, e, "\"", eight) }),
    },
    Syntax { path: "a.py", before: "x = r'", after: "'\n", write: |c, _| raw(c, "\n'\\") },
    Syntax { path: "a.py", before: "x = b'", after: "'\n", write: |c, _| Some(c_like(c, true, "'", bytes)) },
    Syntax { path: "a.js", before: "x = \"", after: "\"\n", write: |c, e| Some(c_like(c, e, "\"", pair)) },
    Syntax { path: "a.ts", before: "x = '", after: "'\n", write: |c, e| Some(c_like(c, e, "'", braces)) },
    Syntax { path: "a.mjs", before: "x = `", after: "`\n", write: |c, e| Some(c_like(c, e, "`$", braces)) },
    Syntax { path: "a.java", before: "class A { String x = \"", after: "\"; }\n", write: |c, e| Some(c_like(c, e, "\"", pair)) },
    Syntax { path: "a.go", before: "package a\n\nvar x = \"", after: "\"\n", write: |c, e| Some(c_like(c, e, "\"", eight)) },
    Syntax { path: "a.go", before: "package a\n\nvar x = \"", after: "\"\n", write: |c, e| Some(c_like(c, e, "\"", bytes)) },
    Syntax { path: "a.go", before: "package a\n\nvar x = `", after: "`\n", write: |c, _| raw(c, "`") },
    Syntax { path: "a.rs", before: "fn f() { let x = \"", after: "\"; }\n", write: |c, e| Some(c_like(c, e, "\"", braces)) },
    Syntax { path: "a.rs", before: "fn f() { let x = r##\"", after: "\"##; }\n", write: |c, _| raw(c, "\"") },
    Syntax { path: "a.c", before: "void f(void) { char *x = \"", after: "\"; }\n", write: |c, e| Some(c_like(c, e, "\"?", eight)) },
    Syntax { path: "a.sh", before: "x='", after: "'\n", write: |c, _| raw(c, "'") },
    Syntax {
        path: "a.sh",
        before: "x=\"",
        after: "\"\n",
        write: |c, _| if "$`\"\\".contains(c) { Some(format!("\\{c}")) } else { raw(c, "!") },
    },
    Syntax { path: "a.sh", before: "x=$'", after: "'\n", write: |c, e| Some(c_like(c, e, "'", bytes)) },
    Syntax { path: "a.cs", before: "var x = \"", after: "\";\n", write: |c, e| Some(c_like(c, e, "\"", eight)) },
    Syntax { path: "a.cs", before: "var x = @\"", after: "\";\n", write: |c, _| Some(doubled(c, '"')) },
    Syntax {
        path: "a.cs",
        before: "var x = $\"",
        after: "\";\n",
        write: |c, e| Some(if "{}".contains(c) { doubled(c, c) } else { c_like(c, e, "\"", four) }),
    },
    Syntax { path: "a.kt", before: "val x = \"", after: "\"\n", write: |c, e| Some(c_like(c, e, "\"$", pair)) },
    Syntax { path: "a.kt", before: "val x = \"\"\"", after: "\"\"\"\n", write: |c, _| raw(c, "\"$") },
    Syntax { path: "a.rb", before: "x = \"", after: "\"\n", write: |c, e| Some(c_like(c, e, "\"#", braces)) },
    Syntax {
        path: "a.rb",
        before: "x = '",
        after: "'\n",
        write: |c, _| if "\\'".contains(c) { Some(format!("\\{c}")) } else { raw(c, "") },
    },
    Syntax { path: "a.php", before: "<?php\n$x = \"", after: "\";\n", write: |c, e| Some(c_like(c, e, "\"$", braces)) },
    Syntax {
        path: "a.php",
        before: "<?php\n$x = '",
        after: "';\n",
        write: |c, _| if "\\'".contains(c) { Some(format!("\\{c}")) } else { raw(c, "") },
    },
    Syntax { path: "a.ps1", before: "$x = '", after: "'\n", write: |c, _| Some(doubled(c, '\'')) },
    Syntax {
        path: "a.ps1",
        before: "$x = \"",
        after: "\"\n",
        write: |c, e| match c {
            '"' if e => Some(doubled(c, '"')),
            '"' | '`' | '$' => Some(format!("`{c}")),
            _ => raw(c, ""),
        },
    },
    Syntax { path: "a.ps1", before: "$x = @'\n", after: "\n'@\n", write: |c, _| raw(c, "'") },
];

fn locate(path: &str, bytes: &[u8], span: std::ops::Range<usize>) -> Result<rewrite::Located, Manual> {
    let source = Source { path: path.into(), bytes };
    rewrite::for_source(source).unwrap().locate(source, span, Style::Auto, &NoTree)
}

/// Characters that are hard somewhere, and plain ones.
fn character() -> impl Strategy<Value = char> {
    let hard: Vec<char> = "\\\"'`${}#@!%&?*[]()<>=:;,./-+~|^ \n\tntux0éß€😀".chars().collect();
    prop_oneof![prop::sample::select(hard), prop::char::range('a', 'z'), prop::char::range('0', '9')]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]
    #[test]
    fn every_value_is_decoded_and_spelled_again_in_every_syntax(value in prop::collection::vec((character(), any::<bool>()), 1..30)) {
        for syntax in &SYNTAXES {
            let written: Vec<(char, String)> =
                value.iter().filter_map(|(character, escape)| Some((*character, (syntax.write)(*character, *escape)?))).collect();
            let value: String = written.iter().map(|(character, _)| *character).collect();
            let spelled: String = written.iter().map(|(_, spelled)| spelled.as_str()).collect();
            if value.is_empty() {
                continue;
            }
            let file = format!("{}{spelled}{}", syntax.before, syntax.after);
            let span = syntax.before.len()..syntax.before.len() + spelled.len();
            let located = locate(syntax.path, file.as_bytes(), span.clone());
            let located = located.map_err(|manual| TestCaseError::fail(format!("{}: {}: {file}", syntax.path, manual.reason)))?;
            prop_assert_eq!(located.value.expose().as_bstr(), value.as_bytes().as_bstr(), "{}: {}", syntax.path, file);
            prop_assert_eq!(&located.span, &span);
            prop_assert_eq!(located.spelling.spell(value.as_bytes()), Some(spelled.into_bytes()));
        }
    }

    #[test]
    fn no_bytes_bring_a_rewriter_down(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), quote in "[\"'`$#@{}<>/%?=\\\\\n ]{0,12}") {
        let mut text = bytes;
        text.splice(0..0, quote.bytes());
        text.extend_from_slice(b" secret \"secret\" 'secret'");
        let start = at.index(text.len());
        for extension in EXTENSIONS {
            for span in [start..text.len(), text.len() - 7..text.len() - 1, start..start] {
                let path = format!("a.{extension}");
                drop(locate(&path, &text, span.clone()));
                let lossy = String::from_utf8_lossy(&text).into_owned();
                drop(locate(&path, lossy.as_bytes(), lossy.len() - 7..lossy.len() - 1));
            }
        }
    }
}

const EXTENSIONS: [&str; 14] = ["py", "js", "ts", "tsx", "java", "go", "rs", "c", "sh", "cs", "kt", "rb", "php", "ps1"];

/// Locates the value in a file of every language, within a bounded time.
fn in_time(make: impl Fn(&str) -> (String, std::ops::Range<usize>)) {
    for extension in EXTENSIONS {
        let (text, span) = make(extension);
        let start = Instant::now();
        drop(locate(&format!("a.{extension}"), text.as_bytes(), span));
        assert!(start.elapsed() < Duration::from_secs(40), "{extension}: {:?}", start.elapsed());
    }
}

/// What nests in one language or another.
const NESTINGS: [(&str, &str); 7] =
    [("(", ")"), ("{", "}"), ("[", "]"), ("a(\"${", "}\")"), ("\"a\" + ", ""), ("f(x, ", ")"), ("#{\"", "\"}")];

#[test]
fn deep_nesting_is_answered() {
    for (times, (open, close)) in [900, 20_000].into_iter().flat_map(|times| NESTINGS.map(|nesting| (times, nesting))) {
        in_time(|extension| {
            let head = if extension == "php" { "<?php " } else { "" };
            let before = format!("{head}x = {}\"", open.repeat(times));
            let span = before.len()..before.len() + 6;
            (format!("{before}secret\"{}\n", close.repeat(times)), span)
        });
    }
}

#[test]
fn large_files_are_answered() {
    in_time(|extension| {
        let head = if extension == "php" { "<?php\n" } else { "" };
        let lines = "const a = \"secret\";\n".repeat(50_000);
        let at = head.len() + lines.len() / 2 + 11;
        (format!("{head}{lines}"), at..at + 6)
    });
    let text = "x = \"secret\"\n".repeat(400_000);
    let refused = locate("a.py", text.as_bytes(), 5..11).unwrap_err();
    assert_eq!(refused.reason, "the file is larger than 4 MiB");
}

#[test]
fn other_peoples_files_are_left_alone() {
    let reason =
        |path: &str, text: &str| locate(path, text.as_bytes(), text.find("secret").map(|at| at..at + 6).unwrap()).unwrap_err().reason;
    let plain = "x = \"secret\"\n";
    assert_eq!(reason("web/vendor/a.js", plain), "the file is a copy of somebody else's code");
    assert_eq!(reason("node_modules/b/a.js", plain), "the file is a copy of somebody else's code");
    assert_eq!(reason("a.min.js", plain), "the file is generated");
    assert_eq!(reason("a.go", &format!("// Code generated by x. DO NOT EDIT.\n{plain}")), "the file is generated");
    for path in ["tests/a.py", "test_a.py", "a_test.go", "a.spec.ts", "src/test/java/A.java", "ClientTest.java", "fixtures/a.rb"] {
        assert_eq!(reason(path, plain), "the file is a test or a fixture", "{path}");
    }
}
