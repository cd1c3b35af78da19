//! `scheme://user:password@host`, and its relatives that are no URLs. Owns: splitting it up. Must not: judge the password.
//!
//! URLs follow RFC 3986, section 3.2.1, as people write them: unescaped `@`, `:` and, for databases, `/?#` stand in passwords too.

use std::borrow::Cow;
use std::ops::Range;

use bstr::{BStr, ByteSlice};

use crate::blob::visible;
use crate::detect::candidate::Candidate;
use crate::detect::credential::{self, Login};
use crate::detect::run::{back, on};
use crate::detect::{Sink, decode, placeholder};
use crate::finding::Encoding;
use crate::patterns::shape::Charset;

/// Longest userinfo, for tokens in place of passwords.
const AUTHORITY_MAX: usize = 1024;
/// Longest scheme.
const SCHEME_MAX: usize = 32;
/// Longest password with bytes that should have been escaped.
const LOOSE_MAX: usize = 96;
/// Longest user, host or database that is told as a fact, in bytes.
const FACT_MAX: usize = 128;

/// Bytes that end an authority, and those that end a URL in text.
const ENDS: Charset = Charset::of(b"/?#\"'<>`\\ \t\r\n\0\x0b\x0c\x1b");
const TEXT_ENDS: Charset = Charset::of(b"\"'<>`\\ \t\r\n\0\x0b\x0c\x1b");

/// Schemes of databases.
const DATABASES: [&[u8]; 36] = [
    b"postgres",
    b"postgresql",
    b"pg",
    b"pgsql",
    b"pgx",
    b"psql",
    b"mysql",
    b"mysql2",
    b"mysqli",
    b"mysqlx",
    b"mymysql",
    b"mariadb",
    b"mssql",
    b"sqlserver",
    b"oracle",
    b"godror",
    b"db2",
    b"firebird",
    b"clickhouse",
    b"cockroach",
    b"cockroachdb",
    b"cassandra",
    b"scylla",
    b"neo4j",
    b"bolt",
    b"couchdb",
    b"couchbase",
    b"elasticsearch",
    b"opensearch",
    b"influxdb",
    b"snowflake",
    b"redshift",
    b"vertica",
    b"presto",
    b"trino",
    b"odbc",
];
/// Schemes of message brokers.
const BROKERS: [&[u8]; 12] =
    [b"amqp", b"amqps", b"rabbitmq", b"nats", b"kafka", b"mqtt", b"mqtts", b"stomp", b"activemq", b"pulsar", b"tls+nats", b"nats-route"];
/// Schemes of mail servers.
const MAIL: [&[u8]; 7] = [b"smtp", b"smtps", b"imap", b"imaps", b"pop3", b"pop3s", b"submission"];
/// Schemes of directories and of file transfer.
const FILES: [&[u8]; 10] = [b"ftp", b"ftps", b"sftp", b"scp", b"smb", b"cifs", b"ldap", b"ldaps", b"webdav", b"webdavs"];

/// A URL with userinfo; ranges are of the text.
struct Url {
    scheme: Range<usize>,
    user: Range<usize>,
    password: Range<usize>,
    host: Range<usize>,
    port: Range<usize>,
    database: Range<usize>,
}

/// Looks at the `://` at `hit`.
pub fn detect(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let bytes = sink.view.bytes;
    let Some((at, end)) = userinfo_end(bytes, &hit) else { return };
    let url = Url::read(bytes, &hit, at, end);
    if url.is_something_else(bytes) {
        return;
    }
    if credential::is_no_password(&bytes[url.password.clone()]) {
        propose_token(sink, &url);
    } else {
        propose_password(sink, &url);
    }
}

/// Looks at the `@tcp(` or `@unix(` of a Go data source name, `user:password@tcp(host:3306)/database`.
pub fn detect_go(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let bytes = sink.view.bytes;
    let start = hit.start - back(bytes, hit.start, LOOSE_MAX, |byte| !TEXT_ENDS.has(byte) && byte != b'=');
    let Some(colon) = bytes[start..hit.start].find_byte(b':').map(|found| start + found) else { return };
    let mut url = Url::after_at(bytes, hit.end);
    (url.user, url.password) = (start..colon, colon + 1..hit.start);
    // The closing bracket stands between the address and the database.
    if bytes.get(url.port.end.max(url.host.end)) == Some(&b')') {
        url.database = database_at(bytes, url.port.end.max(url.host.end) + 1);
    }
    if !url.password.is_empty() && !url.is_something_else(bytes) {
        propose_password(sink, &url);
    }
}

/// Looks at `jdbc:oracle:` at `hit`: `jdbc:oracle:thin:user/password@//host:1521/service`.
pub fn detect_oracle(sink: &mut Sink<'_, '_>, hit: Range<usize>) {
    let bytes = sink.view.bytes;
    let end = hit.end + on(bytes, hit.end, LOOSE_MAX, |byte| !TEXT_ENDS.has(byte));
    let text = &bytes[hit.end..end];
    let (Some(colon), Some(at)) = (text.find_byte(b':'), text.find_byte(b'@')) else { return };
    let Some(slash) = text[..at].find_byte(b'/').filter(|&slash| slash > colon) else { return };
    let host = hit.end + at + 1 + on(bytes, hit.end + at + 1, 2, |byte| byte == b'/');
    let mut url = Url::after_at(bytes, host);
    url.scheme = hit.start + 5..hit.end - 1;
    (url.user, url.password) = (hit.end + colon + 1..hit.end + slash, hit.end + slash + 1..hit.end + at);
    if !url.password.is_empty() {
        propose_as(sink, "database-jdbc-connection-string", &url);
    }
}

/// Where the userinfo after `hit` ends, if there is one: the offset of its `@`, and the end of what was looked at. The common URL without one ends
/// at the first `/`.
fn userinfo_end(bytes: &[u8], hit: &Range<usize>) -> Option<(usize, usize)> {
    let rest = &bytes[hit.end..bytes.len().min(hit.end + AUTHORITY_MAX)];
    let mut at = None;
    let mut stop = rest.len();
    for (index, &byte) in rest.iter().enumerate() {
        if byte == b'@' {
            at = Some(index);
        } else if ENDS.has(byte) {
            stop = index;
            break;
        }
    }
    let at = match at {
        // A list of servers: the first one's userinfo.
        Some(last) => {
            let first = rest.find_byte(b'@').unwrap_or(last);
            if rest[first..last].contains(&b',') { first } else { last }
        }
        None => loose_end(bytes, hit, rest, stop)?,
    };
    Some((hit.end + at, hit.end + stop.max(at)))
}

/// The `@` behind a password of a database URL that holds `/`, `?` or `#` unescaped.
fn loose_end(bytes: &[u8], hit: &Range<usize>, rest: &[u8], stop: usize) -> Option<usize> {
    let scheme = &bytes[hit.start.saturating_sub(5)..hit.start];
    if scheme.ends_with(b"http") || scheme.ends_with(b"https") || scheme.ends_with(b"file") {
        return None;
    }
    let colon = rest[..stop].find_byte(b':')?;
    let text = &rest[..on(rest, 0, LOOSE_MAX, |byte| !TEXT_ENDS.has(byte))];
    let is_port = rest[colon + 1..stop].iter().all(u8::is_ascii_digit);
    let scheme = scheme_before(bytes, hit.start);
    let at = text.get(stop..)?.find_byte(b'@')? + stop;
    (!is_port && kind_of(&bytes[scheme]).is_some() && !text[stop..at].contains(&b'=')).then_some(at)
}

impl Url {
    /// The URL around `hit` whose `@` is at `at`; its authority ends at `end`.
    fn read(bytes: &[u8], hit: &Range<usize>, at: usize, end: usize) -> Self {
        let mut url = Self::after_at(bytes, at + 1);
        debug_assert!(at <= end, "the userinfo lies in the authority");
        url.scheme = scheme_before(bytes, hit.start);
        let colon = bytes[hit.end..at].find_byte(b':').map(|found| hit.end + found);
        url.user = hit.end..colon.unwrap_or(at);
        url.password = colon.map_or(at, |colon| colon + 1)..at;
        url
    }

    /// What stands after the `@`: host, port and database.
    fn after_at(bytes: &[u8], start: usize) -> Self {
        let host = if bytes.get(start) == Some(&b'[') {
            let length = on(bytes, start + 1, 48, |byte| byte.is_ascii_hexdigit() || b":.%".contains(&byte));
            start + 1..start + 1 + length
        } else {
            start..start + on(bytes, start, 253, |byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte) || !byte.is_ascii())
        };
        let mut next = host.end + usize::from(bytes.get(host.end) == Some(&b']'));
        let mut port = next..next;
        if bytes.get(next) == Some(&b':') {
            port = next + 1..next + 1 + on(bytes, next + 1, 5, |byte| byte.is_ascii_digit());
            next = port.end;
        }
        let database = database_at(bytes, next);
        Self { scheme: 0..0, user: 0..0, password: 0..0, host, port, database }
    }

    /// Whether this is no URL with a credential, for reasons that are not worth explaining: an image digest, an expression, a trick with ports.
    fn is_something_else(&self, bytes: &[u8]) -> bool {
        let [user, password, host] = [&self.user, &self.password, &self.host].map(|range| &bytes[range.clone()]);
        let is_odd = |byte: &u8| byte.is_ascii_control() || b"()[]^*|,;\"' ".contains(byte);
        let is_image = matches!(host, b"sha256" | b"sha512");
        let is_port = user.contains(&b'.')
            && !user.contains(&b'@')
            && password.iter().take_while(|byte| byte.is_ascii_digit()).count() >= 2
            && password.iter().find(|byte| !byte.is_ascii_digit()).is_none_or(|byte| b",;)".contains(byte));
        let next = bytes.get(self.host.end).copied();
        let has_host = !host.is_empty() || next.is_some_and(|byte| b"\"'/${%(<[".contains(&byte));
        let is_expression = password.contains_str(b".*") || password.contains_str(b".+") || password.contains_str(b"[^");
        is_image || is_port || is_expression || !has_host || user.iter().any(is_odd) && placeholder::refuse(user).is_none()
    }
}

/// The pattern for the kind of server that `scheme` names, where it is a known one.
pub fn kind_of(scheme: &[u8]) -> Option<&'static str> {
    let lower = scheme.to_ascii_lowercase();
    let known = |list: &[&[u8]]| lower.split(|&byte| byte == b'+').any(|part| list.contains(&part));
    [
        (known(&[b"mongodb", b"mongo"]), "database-mongodb-connection-string"),
        (known(&[b"redis", b"rediss", b"valkey", b"valkeys"]), "database-redis-connection-string"),
        (known(&DATABASES), "database-connection-string"),
        (known(&BROKERS), "database-broker-connection-string"),
        (known(&MAIL), "url-mail-credentials"),
        (known(&FILES), "url-file-server-credentials"),
    ]
    .into_iter()
    .find_map(|(is_kind, id)| is_kind.then_some(id))
}

fn propose_password(sink: &mut Sink<'_, '_>, url: &Url) {
    let scheme = &sink.view.bytes[url.scheme.clone()];
    let id = if scheme.is_empty() && url.is_go(sink.view.bytes) { Some("database-connection-string") } else { kind_of(scheme) };
    propose_as(sink, id.unwrap_or("url-credentials"), url);
}

impl Url {
    /// Whether this is a Go data source name: its address stands in brackets.
    fn is_go(&self, bytes: &[u8]) -> bool {
        self.host.start.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'(')
    }
}

fn propose_as(sink: &mut Sink<'_, '_>, id: &str, url: &Url) {
    let bytes = sink.view.bytes;
    let user = decoded(&bytes[url.user.clone()]).unwrap_or_else(|| bytes[url.user.clone()].to_vec());
    sink.propose_as(id, url.password.clone(), |candidate| {
        let raw = &bytes[url.password.clone()];
        tell(candidate, bytes, url);
        if !user.is_empty() && user.len() <= FACT_MAX {
            candidate.facts.push(("user", visible(BStr::new(&user))));
        }
        // `{anything}` is a hole of an interpolated string.
        candidate.dropped = placeholder::reference(raw).or_else(|| (raw.starts_with(b"{") && raw.ends_with(b"}")).then_some("template"));
        if candidate.dropped.is_none() {
            undo_percent(candidate, raw);
            credential::judge_password(candidate, Login { user: &user, host: &bytes[url.host.clone()] });
        }
    });
}

/// A token in place of the user: `https://TOKEN@host`, `https://TOKEN:x-oauth-basic@host`.
fn propose_token(sink: &mut Sink<'_, '_>, url: &Url) {
    let bytes = sink.view.bytes;
    let token = &bytes[url.user.clone()];
    let scheme = bytes[url.scheme.clone()].to_ascii_lowercase();
    let is_web = scheme.rsplit(|&byte| byte == b'+').next().is_some_and(|last| matches!(last, b"http" | b"https" | b"ws" | b"wss"));
    if !is_web || !credential::is_tokenlike(token) || credential::is_jwt(token) || token.contains(&b'@') || token.contains_str(b"%40") {
        return;
    }
    sink.propose_as("url-token", url.user.clone(), |candidate| {
        tell(candidate, bytes, url);
        undo_percent(candidate, token);
        let is_dsn =
            token.len() == 32 && token.iter().all(u8::is_ascii_hexdigit) && bytes[url.database.clone()].iter().all(u8::is_ascii_digit);
        if is_dsn && !url.database.is_empty() {
            candidate.dropped = Some("public key of a Sentry DSN");
        } else {
            credential::judge_token(candidate);
        }
    });
}

/// Adds what the URL says of the place that the credential opens.
fn tell(candidate: &mut Candidate<'_>, bytes: &[u8], url: &Url) {
    for (name, range) in [("scheme", &url.scheme), ("host", &url.host), ("port", &url.port), ("database", &url.database)] {
        if !range.is_empty() && range.len() <= FACT_MAX {
            candidate.facts.push((name, visible(BStr::new(&bytes[range.clone()]))));
        }
    }
}

fn undo_percent(candidate: &mut Candidate<'_>, raw: &[u8]) {
    if let Some(plain) = decoded(raw) {
        candidate.secret = Cow::Owned(plain);
        candidate.encodings.push(Encoding::Percent);
    }
}

/// `raw` without percent escapes; `None` where it has none.
fn decoded(raw: &[u8]) -> Option<Vec<u8>> {
    let has_escape = raw.find_iter(b"%").any(|at| decode::percent_at(&raw[at..]).is_some());
    has_escape.then(|| decode::unescape(raw, decode::percent_at))
}

/// The scheme that ends at `end`, a `jdbc:` before it left out.
pub fn scheme_before(bytes: &[u8], end: usize) -> Range<usize> {
    let length = back(bytes, end, SCHEME_MAX, |byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
    let start = (end - length..end).find(|&at| bytes[at].is_ascii_alphabetic()).unwrap_or(end);
    start..end
}

/// The name after a `/` at `at`.
fn database_at(bytes: &[u8], at: usize) -> Range<usize> {
    if bytes.get(at) != Some(&b'/') {
        return at..at;
    }
    at + 1..at + 1 + on(bytes, at + 1, 64, |byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::{each, found, refused, secret};

    const FAMILY: [&str; 2] = ["url-", "database-"];

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|&(id, value)| (id.to_owned(), value.replace('§', &secret()))).collect()
    }

    #[test]
    fn schemes_decide_the_pattern() {
        for (scheme, id) in [
            ("postgres", "database-connection-string"),
            ("mysql+pymysql", "database-connection-string"),
            ("jdbc:mariadb", "database-connection-string"),
            ("mongodb+srv", "database-mongodb-connection-string"),
            ("rediss", "database-redis-connection-string"),
            ("amqps", "database-broker-connection-string"),
            ("smtp", "url-mail-credentials"),
            ("ldap", "url-file-server-credentials"),
            ("https", "url-credentials"),
            ("svn+ssh", "url-credentials"),
            ("anything", "url-credentials"),
        ] {
            let text = format!("x='{scheme}://app:§@db.internal/x'");
            assert_eq!(found(&FAMILY, &text), pairs(&[(id, "§")]), "{scheme}");
        }
    }

    #[test]
    fn facts_name_the_place() {
        let mut facts = Vec::new();
        each("postgres://ap%40p:§@[fd00::7]:5432/shop?x=1", |_, candidate| facts.clone_from(&candidate.facts));
        let expected = [("scheme", "postgres"), ("host", "fd00::7"), ("port", "5432"), ("database", "shop"), ("user", "ap@p")];
        assert_eq!(facts, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn passwords_are_found_as_people_write_them() {
        for (text, value) in [
            ("redis://:§@cache.internal:6379/0", "§"),
            ("http://jane@acme.io:§@mail.acme.io", "§"),
            ("http://jane:a:b:§@acme.io", "a:b:§"),
            ("http://jane:p@ss§@acme.io/x@y", "p@ss§"),
            ("http://jane:a%2Fb%40§@acme.io", "a/b@§"),
            ("mysql://jane:§!?@db.internal/x", "§!?"),
            ("mysql://jane:a/b#§@db.internal/x", "a/b#§"),
            ("nats://a:§@h1:4222,b:other§@h2:4222", "§"),
            (r#""http:\/\/jane:§@acme.io\/""#, "§"),
            (r#"url = "amqp://jane:§@" + host"#, "§"),
            ("https://:§@acme.io", "§"),
            ("app:§@tcp(10.0.0.7:3306)/shop", "§"),
            ("jdbc:oracle:thin:app/§@//ora:1521/X", "§"),
        ] {
            let values: Vec<String> = found(&FAMILY, text).into_iter().map(|(_, value)| value).collect();
            assert_eq!(values, [value.replace('§', &secret())], "{text}");
        }
    }

    #[test]
    fn weak_passwords_of_real_servers_count() {
        for text in ["http://mrbird:123456@peer1:8080/", "postgres://miniflux:supersecure@db/miniflux", "amqp://guest:guest@localhost/"] {
            assert_eq!(found(&FAMILY, text).len(), 1, "{text}");
        }
    }

    #[test]
    fn tokens_stand_in_place_of_users() {
        for text in [
            "https://§@github.com/x",
            "https://§:@github.com/x",
            "git+https://§:x-oauth-basic@github.com/x",
            "https://§:x-access-token@acme.io",
        ] {
            assert_eq!(found(&FAMILY, text), pairs(&[("url-token", "§")]), "{text}");
        }
        for text in ["ssh://§@github.com/x", "https://jane.doe@acme.io", "https://some-long-user-name@acme.io", "ftp://anonymous@acme.io"]
        {
            assert_eq!(found(&FAMILY, text), [], "{text}");
            assert_eq!(refused(&FAMILY, text), [], "{text}");
        }
        assert_eq!(found(&FAMILY, "https://{token}:x-access-token@acme.io"), []);
    }

    #[test]
    fn what_is_no_password_is_dropped_with_its_reason() {
        for (text, reason) in [
            ("https://jane:${PASS}@acme.io", "variable reference"),
            ("https://jane:$PASS@acme.io", "variable reference"),
            ("https://{user}:{quote(pw)}@acme.io", "template"),
            ("https://%s:%s@acme.io", "template"),
            ("https://jane:{{pass}}@acme.io", "template"),
            ("https://user:password@acme.io", "placeholder word"),
            ("https://jane:***@acme.io", "masked value"),
            ("https://foo:bar@acme.io", "metasyntactic word"),
            ("https://a:b@c", "it has one or two characters"),
            ("https://jane:hunter2@db.example.com", "the host is reserved for documentation"),
            ("https://ada:lovelace@some.url.com", "the host is a word for any host"),
        ] {
            let reasons: Vec<&str> = refused(&FAMILY, text).into_iter().map(|(_, reason)| reason).collect();
            assert_eq!(reasons, [reason], "{text}");
            assert_eq!(found(&FAMILY, text), [], "{text}");
        }
    }

    #[test]
    fn a_password_of_this_machine_still_counts() {
        assert_eq!(found(&FAMILY, "mysql://root:§@127.0.0.1:3306/x").len(), 1);
    }

    #[test]
    fn other_things_with_an_at_sign_are_not_looked_at() {
        for text in [
            "docker://alpine:3.10@sha256:0123456789abcdef",
            "http://google.com:80@evil.com/",
            "http://acme.io:8080,jane@acme.io",
            "https://acme.io/@scope/x:y@z",
            "mongodb://m1:27017/?x=a@b.com",
            r"://([^:]+):([^@]+)@(.*)",
            "https://x.com, me:you@x.com",
            "://",
            "://@",
            "a://:@",
            "http://[::1]:80/x@y",
        ] {
            assert_eq!(found(&FAMILY, text), [], "{text}");
            assert_eq!(refused(&FAMILY, text), [], "{text}");
        }
    }
}
