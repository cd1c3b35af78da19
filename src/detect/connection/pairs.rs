//! `Server=…;User Id=…;Password=…`, `jdbc:…?user=…&password=…`, `host=… password=…` and JAAS options. Owns: telling these shapes apart and
//! finding the ends of the value. Must not: read other assignments, which are the assignment reader's.

use std::ops::Range;

use bstr::{BStr, ByteSlice};

use super::userinfo::{kind_of, scheme_before};
use crate::blob::visible;
use crate::detect::credential::{self, Login};
use crate::detect::run::{back, on};
use crate::detect::{Sink, placeholder};

/// Bytes either way in which the other pairs stand.
const REACH: usize = 512;
/// Lines either way in which the other pairs stand, for strings that are joined from several.
const LINES: u8 = 3;
/// Longest name of a pair.
const NAME_MAX: usize = 24;
/// Longest value.
const VALUE_MAX: usize = 256;

/// Names of a connection string that say what it connects to.
const TARGETS: [&str; 12] = [
    "server",
    "data source",
    "datasource",
    "host",
    "hostname",
    "addr",
    "address",
    "initial catalog",
    "database",
    "driver",
    "dsn",
    "provider",
];
/// Names of a connection string for the account.
const USERS: [&str; 6] = ["user id", "userid", "uid", "username", "user name", "user"];
/// Places in [`LIBPQ`].
const HOST: usize = 0;
const USER: usize = 3;
/// Names in libpq's keyword strings, see "Connection Strings" in its manual.
const LIBPQ: [&str; 6] = ["host", "hostaddr", "dbname", "user", "port", "sslmode"];

/// Looks at the `password=` or `pwd=` at `hit`.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let bytes = sink.view.bytes;
    let Some(before) = sink.view.before(hit.start) else { return };
    if before.is_ascii_alphanumeric()
        || b"_-.$".contains(&before)
        || sink.view.at(hit.end).is_none_or(|byte| byte.is_ascii_whitespace() || byte == b'=')
    {
        return;
    }
    // A line can hold this name over and over: what is far is looked at only where what is near speaks for a list.
    if b"?&;".contains(&before) {
        let token = hit.start - back(bytes, hit.start, REACH, |byte| !byte.is_ascii_whitespace() && !b"\"'<>`".contains(&byte))..hit.start;
        if is_url(sink, token, &hit) {
            return;
        }
    }
    if let Some(value) = semicolon_list(sink, &hit) {
        let around = sink.view.lines(hit.start, LINES, REACH);
        let (head, tail) = (&bytes[around.start..hit.start], &bytes[hit.end..around.end]);
        let look = |names: &[&str]| value_of(head, names, Apart::Semicolons).or_else(|| value_of(tail, names, Apart::Semicolons));
        if let Some(target) = look(&TARGETS) {
            propose(sink, "database-odbc-connection-string", value, look(&USERS), Some(target));
        }
    } else if before == b' ' || b"\"'".contains(&before) {
        libpq(sink, &hit);
    }
}

/// Looks at the `LoginModule required` at `hit`: `… username="u" password="p";`.
pub fn detect_jaas(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let bytes = sink.view.bytes;
    let options = &bytes[hit.end..sink.view.lines(hit.end, LINES, REACH).end];
    let options = &options[..options.find_byte(b';').unwrap_or(options.len())];
    let quoted = |name: &str| {
        let at = options.find(name)? + name.len();
        let start = at + on(options, at, 3, |byte| b"\\\"'".contains(&byte));
        let length = on(options, start, VALUE_MAX, |byte| !b"\\\"'\r\n".contains(&byte));
        (start > at && length > 0).then_some(hit.end + start..hit.end + start + length)
    };
    if let Some(password) = quoted("password=") {
        let user = quoted("username=").map(|range| &bytes[range]);
        propose(sink, "database-broker-connection-string", password, user, None);
    }
}

/// Reports a parameter of a JDBC or database URL, whose part before the name is `token`; `false` where it is none.
fn is_url(sink: &mut Sink<'_, '_>, token: Range<usize>, hit: &Range<usize>) -> bool {
    let bytes = sink.view.bytes;
    let text = &bytes[token.clone()];
    let jdbc = text.find(b"jdbc:");
    let id = match (jdbc, text.find(b"://")) {
        (Some(_), _) => "database-jdbc-connection-string",
        (None, Some(at)) => match kind_of(&bytes[scheme_before(bytes, token.start + at)]) {
            Some(id) => id,
            None => return false,
        },
        (None, None) => return false,
    };
    let password = hit.end..hit.end + on(bytes, hit.end, VALUE_MAX, |byte| !byte.is_ascii_whitespace() && !b"&;\"'<>`)\\".contains(&byte));
    let host = text.find(b"//").map(|at| &text[at + 2..at + 2 + on(text, at + 2, VALUE_MAX, |byte| !b":/;?,".contains(&byte))]);
    let rest = &bytes[password.end..sink.view.line(password.end, 0, REACH).end];
    let user = value_of(text, &USERS, Apart::Semicolons).or_else(|| value_of(rest, &USERS, Apart::Semicolons));
    propose(sink, id, password, user, host);
    true
}

/// The value of the pair at `hit`, if it stands in a list with semicolons: one before it, across the quotes and plus signs of joined strings, or
/// one behind its value.
fn semicolon_list(sink: &Sink<'_, '_>, hit: &Range<usize>) -> Option<Range<usize>> {
    let bytes = sink.view.bytes;
    let gap = back(bytes, hit.start, 80, |byte| byte.is_ascii_whitespace() || b"\"'+&_@$".contains(&byte));
    let opens = sink.view.before(hit.start).is_some_and(|byte| b"\"'".contains(&byte));
    let follows = hit.start > gap && bytes[hit.start - gap - 1] == b';';
    let value = (follows || opens).then(|| semicolon_value(bytes, hit.end))?;
    (!value.is_empty() && (follows || bytes.get(value.end) == Some(&b';'))).then_some(value)
}

/// A value of an ADO.NET or ODBC string: up to `;` or the end of the string, in quotes or braces.
fn semicolon_value(bytes: &[u8], start: usize) -> Range<usize> {
    let rest = &bytes[start..bytes.len().min(start + VALUE_MAX)];
    let (skip, ends): (usize, &[u8]) = match rest {
        [b'\'', ..] => (1, b"'\r\n"),
        [b'{', ..] if is_guarded(rest) => (1, b"}\"\r\n"),
        [b'&', b'q', b'u', b'o', b't', b';', ..] => (6, b"&;\"\r\n"),
        _ => (0, b";\"'<`\\\r\n"),
    };
    start + skip..start + skip + on(rest, skip, VALUE_MAX, |byte| !ends.contains(&byte))
}

/// Whether the braces at the start guard a value, as ODBC has it, and are no hole of a template.
fn is_guarded(rest: &[u8]) -> bool {
    rest.find_byte(b'}').is_some_and(|end| placeholder::refuse(&rest[..=end]).is_none() && !rest[1..].starts_with(b"{"))
}

/// Reports a `password=` of a libpq keyword string.
fn libpq(sink: &mut Sink<'_, '_>, hit: &Range<usize>) {
    let bytes = sink.view.bytes;
    let line = &bytes[sink.view.line(hit.start, REACH, 0).start..hit.start];
    let line = line.rfind_byte(b'"').map_or(line, |at| &line[at + 1..]);
    let tail = &bytes[hit.end..sink.view.line(hit.end, 0, REACH).end];
    let tail = &tail[..tail.find_byte(b'"').unwrap_or(tail.len())];
    // Arguments of a function have commas between them.
    if line.trim_ascii_end().ends_with(b",") {
        return;
    }
    let mut known = [None; LIBPQ.len()];
    for (name, value) in pairs(line, Apart::Spaces).chain(pairs(tail, Apart::Spaces)) {
        if let Some(index) = LIBPQ.iter().position(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes())) {
            known[index] = known[index].or_else(value);
        }
    }
    if known.iter().flatten().count() < 2 {
        return;
    }
    let quotes = on(bytes, hit.end, 2, |byte| b"\\'".contains(&byte));
    let start = hit.end + quotes;
    let ends: &[u8] = if quotes > 0 { b"\"'<>`\\)\r\n" } else { b"\"'<>`\\)\r\n \t" };
    let password = start..start + on(bytes, start, VALUE_MAX, |byte| !ends.contains(&byte));
    propose(sink, "database-libpq-connection-string", password, known[USER], known[HOST]);
}

/// How the pairs of a list are set apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    /// `Name = value;`, spaces in names and values.
    Semicolons,
    /// `name=value name=value`.
    Spaces,
}

/// The value of the first pair in `text` that has one of `names`.
fn value_of<'t>(text: &'t [u8], names: &[&str], apart: Apart) -> Option<&'t [u8]> {
    pairs(text, apart)
        .find_map(|(name, value)| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes())).then(value).flatten())
}

/// The names of the pairs in `text`, each with a way to read its value where it has one.
fn pairs<'t>(text: &'t [u8], apart: Apart) -> impl Iterator<Item = (&'t [u8], impl Fn() -> Option<&'t [u8]>)> {
    let spaces = apart == Apart::Semicolons;
    let is_end =
        move |byte: u8| if spaces { b";&\"'<\r\n".contains(&byte) } else { byte.is_ascii_whitespace() || b",;\"'".contains(&byte) };
    memchr::memchr_iter(b'=', text).map(move |equals| {
        let length = back(text, equals, NAME_MAX, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte) || spaces && byte == b' ');
        let name = text[equals - length..equals].trim_ascii();
        let value = move || {
            let value = &text[equals + 1..];
            let value = &value[..on(value, 0, VALUE_MAX, |byte| !is_end(byte))];
            let is_argument = text.get(equals + 1 + value.len()) == Some(&b',');
            (!value.is_empty() && (spaces || !is_argument)).then(|| value.trim_ascii())
        };
        (name, value)
    })
}

fn propose(sink: &mut Sink<'_, '_>, id: &str, password: Range<usize>, user: Option<&[u8]>, host: Option<&[u8]>) {
    if password.is_empty() {
        return;
    }
    let (user, host) = (user.unwrap_or_default(), host.unwrap_or_default());
    // `tcp:name,1433`, `(localdb)\name`, `name:port`.
    let name = host.strip_prefix(b"tcp:").unwrap_or(host);
    let name = &name[..on(name, 0, VALUE_MAX, |byte| !b",:\\/".contains(&byte))];
    sink.propose_as(id, password, |candidate| {
        for (fact, value) in [("user", user), ("host", name)] {
            if !value.is_empty() {
                candidate.facts.push((fact, visible(BStr::new(value))));
            }
        }
        credential::judge_password(candidate, Login { user, host: name });
    });
}

#[cfg(test)]
mod tests {
    use crate::detect::run;
    use crate::detect::testing::{each, found, refused, secret};

    fn values(text: &str) -> Vec<(String, String)> {
        found(&["database-"], text)
    }

    fn one(id: &str, value: &str) -> Vec<(String, String)> {
        vec![(id.to_owned(), value.replace('§', &secret()))]
    }

    #[test]
    fn a_name_over_and_over_costs_little_each_time() {
        const TIMES: usize = 2000;
        for piece in ["password=", "password=a ", "x password=a"] {
            let text = piece.repeat(TIMES);
            let (_, looked) = run::counted(|| found(&["database-"], &text));
            assert!(looked < TIMES * 800, "{piece}: {} bytes each", looked / TIMES);
        }
    }

    #[test]
    fn semicolon_lists() {
        for (text, value) in [
            ("Server=db;User Id=app;Password=§;", "§"),
            ("'Data Source=db;Initial Catalog=x;Persist Security Info=True;User ID=app;Password=a b §'", "a b §"),
            ("DRIVER={ODBC Driver 18};SERVER=db;UID=app;PWD={x;§};", "x;§"),
            ("Server=db;Password='§';User=app", "§"),
            ("\"Password=§;Server=db;Uid=app\"", "§"),
            ("\"Server=db;Uid=app;\" +\n    \"Pwd=§;Encrypt=true\"", "§"),
            ("connectionString=\"Server=db;Password=&quot;§&quot;\"", "§"),
        ] {
            assert_eq!(values(text), one("database-odbc-connection-string", value), "{text}");
        }
    }

    #[test]
    fn facts_keep_their_case() {
        let mut facts = Vec::new();
        each("Server=tcp:Sql.Internal,1433;User Id=SA;Password=§;", |_, candidate| facts.clone_from(&candidate.facts));
        assert_eq!(facts, [("user", "SA".to_owned()), ("host", "Sql.Internal".to_owned())]);
    }

    #[test]
    fn url_parameters() {
        for text in [
            "jdbc:mysql://db:3306/x?user=app&password=§&useSSL=true",
            "jdbc:sqlserver://db;databaseName=x;user=sa;password=§;",
            "<v>jdbc:mysql://db/x?user=app&amp;password=§&amp;a=b</v>",
        ] {
            assert_eq!(values(text), one("database-jdbc-connection-string", "§"), "{text}");
        }
        assert_eq!(values("postgres:///x?host=db&password=§"), one("database-connection-string", "§"));
        assert_eq!(values("https://acme.io/login?user=x&password=§"), []);
    }

    #[test]
    fn keyword_strings() {
        for text in [
            "\"host=db user=app password=§ dbname=x\"",
            "conninfo 'host=db port=5432 password=§'",
            "host=db dbname=x user=app password='§'",
        ] {
            assert_eq!(values(text), one("database-libpq-connection-string", "§"), "{text}");
        }
        for text in ["connect(host=db, user=app, password=§)", "password=§", "export password=§ host=x", "if (user == x && password=§)"]
        {
            assert_eq!(values(text), [], "{text}");
        }
    }

    #[test]
    fn jaas_options() {
        let text = "PlainLoginModule required \\\n  username=\"app\" \\\n  password=\"§\";";
        assert_eq!(values(text), one("database-broker-connection-string", "§"));
        assert_eq!(values("\"LoginModule required username=\\\"app\\\" password=\\\"§\\\";\"").len(), 1);
    }

    #[test]
    fn references_are_dropped_with_their_reason() {
        for (text, reason) in [
            ("Server=db;Password={0};", "template"),
            ("Server=db;Password=$(DbPassword);", "command substitution"),
            ("Server=db;Password=***;", "masked value"),
            ("Server=db;Password=yourPassword;", "placeholder word"),
            ("host=db user=app password=%s", "template"),
        ] {
            assert_eq!(refused(&["database-"], text).into_iter().map(|(_, reason)| reason).collect::<Vec<_>>(), [reason], "{text}");
        }
    }
}
