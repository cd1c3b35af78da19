//! Connection URLs taken apart into the standard fields of a secret, and how languages put them together. Owns: `engine`, `host`, `port`,
//! `username`, `password`, `dbname` of a URL whose parts put together are the URL again, and where they are spelled. Must not: guess; what does
//! not fit has no fields, and what would be spelled otherwise stays whole.

use std::ops::Range;

use super::Secret;
use crate::rewrite::literal::Decode;
use crate::rewrite::spelling::Decoded;
use crate::rewrite::{Form, Spelled, Spelling};

/// Schemes of databases and the names that rotation knows for them.
const ENGINES: [(&str, &str); 8] = [
    ("postgres", "postgres"),
    ("postgresql", "postgres"),
    ("mysql", "mysql"),
    ("mariadb", "mariadb"),
    ("mssql", "sqlserver"),
    ("sqlserver", "sqlserver"),
    ("mongodb", "mongo"),
    ("redis", "redis"),
];

/// How a language puts a connection URL together.
pub(super) struct Compose {
    /// Characters besides letters and digits that its encoding of user and password leaves as they are.
    pub kept: &'static str,
    /// The expression, of those of the parts.
    pub expression: fn(&Parts<'_, String>, quote: char) -> String,
}

/// The parts of a connection URL.
pub(super) struct Parts<'t, T> {
    pub scheme: &'t str,
    pub username: T,
    pub password: T,
    pub host: T,
    pub port: Option<T>,
    pub dbname: Option<T>,
}

impl<'t> Parts<'t, Range<usize>> {
    /// Where they stand in a text.
    pub fn of(text: &'t str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, address) = authority.rsplit_once('@')?;
        let (username, password) = user.split_once(':')?;
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
            Some(_) => return None,
            None => (address, None),
        };
        if host.is_empty() || host.contains([',', '[', ']']) || path.contains(['/', '?', '#']) || password.is_empty() {
            return None;
        }
        let after = |start: usize, part: &str| start..start + part.len();
        let username = after(scheme.len() + "://".len(), username);
        let password = after(username.end + 1, password);
        let host = after(password.end + 1, host);
        let port = port.map(|port| after(host.end + 1, port));
        let end = port.as_ref().map_or(host.end, |port| port.end);
        let dbname = (!path.is_empty()).then(|| after(end + 1, path));
        Some(Self { scheme, username, password, host, port, dbname })
    }

    /// By the standard's names, in their order here.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, Range<usize>)> {
        let all = [
            ("username", Some(&self.username)),
            ("password", Some(&self.password)),
            ("host", Some(&self.host)),
            ("port", self.port.as_ref()),
            ("dbname", self.dbname.as_ref()),
        ];
        all.into_iter().filter_map(|(name, range)| Some((name, range?.clone())))
    }

    /// The same with what is made of each name.
    pub fn map<T>(&self, mut make: impl FnMut(&'static str) -> T) -> Parts<'t, T> {
        Parts {
            scheme: self.scheme,
            username: make("username"),
            password: make("password"),
            host: make("host"),
            port: self.port.as_ref().map(|_| make("port")),
            dbname: self.dbname.as_ref().map(|_| make("dbname")),
        }
    }
}

/// The fields of a connection URL, in the standard's order; none where it has other parts than these.
pub(in crate::rewrite) fn fields(value: &Secret) -> Option<Vec<(&'static str, Secret)>> {
    let text = std::str::from_utf8(value.expose()).ok()?;
    if let Some(address) = text.strip_prefix("jdbc:") {
        return of_jdbc(address);
    }
    let parts = Parts::of(text)?;
    // `postgresql+psycopg2` names a driver as well.
    let base = parts.scheme.split('+').next()?;
    let engine = ENGINES.iter().find(|(known, _)| base.eq_ignore_ascii_case(known))?.1;
    let part = |name: &str| parts.named().find(|(known, _)| *known == name).map(|(_, range)| &text[range]);
    let mut fields = vec![("engine", Secret::new(engine.as_bytes())), ("host", Secret::new(part("host")?.as_bytes()))];
    fields.extend(part("port").map(|port| ("port", Secret::new(port.as_bytes()))));
    fields.push(("username", percent(part("username")?)?));
    fields.push(("password", percent(part("password")?)?));
    if let Some(name) = part("dbname") {
        fields.push(("dbname", percent(name)?));
    }
    Some(fields)
}

/// The fields of a JDBC URL without its `jdbc:`, which names neither user nor password.
fn of_jdbc(address: &str) -> Option<Vec<(&'static str, Secret)>> {
    let (scheme, rest) = address.split_once("://")?;
    let engine = ENGINES.iter().find(|(known, _)| scheme == *known)?.1;
    let lower = rest.to_ascii_lowercase();
    if lower.contains("password") || rest.contains(['@', '$', '[']) {
        return None;
    }
    let (place, options) = rest.split_at(rest.find(['?', ';']).unwrap_or(rest.len()));
    let (host, name) = place.split_once('/').unwrap_or((place, ""));
    let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    let named = options.split(';').find_map(|option| option.strip_prefix("databaseName="));
    if host.is_empty() || host.contains(',') || port.is_some_and(|port| port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    let name = named.or(Some(name).filter(|name| !name.is_empty()));
    let fields = [("engine", Some(engine)), ("host", Some(host)), ("port", port), ("dbname", name)];
    Some(fields.into_iter().filter_map(|(field, text)| Some((field, Secret::new(text?.as_bytes())))).collect())
}

/// Where the fields of a URL are spelled, for code that puts it together again and encodes all but `kept`.
///
/// # Errors
/// Why it would not be the same text.
pub(super) fn spelled(decode: &Decode, text: &str, kept: &str) -> Result<Vec<Spelled>, String> {
    let value = std::str::from_utf8(decode.value.expose()).map_err(|_| "it is no text")?;
    let parts = Parts::of(value).ok_or("it has other parts than a user, a password, a host, a port and a database")?;
    if text[decode.span.clone()] != *value {
        return Err("its literal has escapes or several parts".to_owned());
    }
    if !parts.scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
        return Err("its scheme is no word".to_owned());
    }
    let end = parts.named().map(|(_, range)| range.end).max().unwrap_or_default();
    if parts.username.is_empty() || end < value.len() {
        return Err("it has no user, or an empty path".to_owned());
    }
    let spelled = parts.named().map(|(name, range)| {
        let written = &value[range.clone()];
        let span = decode.span.start + range.start..decode.span.start + range.end;
        let spelling = match name {
            "username" | "password" => encoding(written, kept),
            _ => (!written.contains('%')).then_some(Spelling::Plain),
        };
        Some(Spelled { name, span, spelling: spelling? })
    });
    spelled.collect::<Option<_>>().ok_or_else(|| "the code would encode its user, password or database in another way".to_owned())
}

/// The spelling of a text in percent encoding; none where the encoding that leaves `kept` as they are spells its value otherwise.
fn encoding(written: &str, kept: &str) -> Option<Spelling> {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte);
    let value = percent(written)?;
    let mut decoded = Decoded::default();
    for &byte in value.expose() {
        let hex = || Form::Hex { before: "%".to_owned(), after: String::new(), digits: 2, upper: true, bytes: true, surrogates: false };
        decoded.push(&[byte], if is_kept(byte) { Form::Plain } else { hex() });
    }
    decoded.finish(written.as_bytes()).map(|(_, spelling)| spelling)
}

fn percent(text: &str) -> Option<Secret> {
    let mut out = zeroize::Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = (digit()?, digit()?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    std::str::from_utf8(&out).ok()?;
    Some(Secret::new(&out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_a_database_has_the_standard_fields() {
        let fields = fields(&Secret::new(b"postgresql+psycopg2://app:a%40b@db.internal:5432/orders")).unwrap();
        let shown: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, std::str::from_utf8(value.expose()).unwrap())).collect();
        let expected = [
            ("engine", "postgres"),
            ("host", "db.internal"),
            ("port", "5432"),
            ("username", "app"),
            ("password", "a@b"),
            ("dbname", "orders"),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_code_would_encode_otherwise_stays_whole() {
        let whole = |text: &str| format!("mysql://{text}");
        let of = |text: &str| {
            let text = whole(text);
            let decode = Decode { value: Secret::new(text.as_bytes()), span: 1..1 + text.len(), spelling: Spelling::Plain };
            spelled(&decode, &format!("'{text}'"), "-_.~")
        };
        let text = whole("app:a%40%C3%A9~@db:1/x");
        let fields = fields(&Secret::new(text.as_bytes())).unwrap();
        let spelled = of("app:a%40%C3%A9~@db:1/x").unwrap();
        assert_eq!(spelled.iter().map(|part| part.name).collect::<Vec<_>>(), ["username", "password", "host", "port", "dbname"]);
        for part in spelled {
            let value = &fields.iter().find(|(name, _)| *name == part.name).unwrap().1;
            let range = part.span.start - 1..part.span.end - 1;
            assert_eq!(part.spelling.spell(value.expose()).unwrap(), text[range].as_bytes(), "{}", part.name);
        }
        for (text, why) in [
            ("app:a!b@db", "the code would encode its user, password or database in another way"),
            ("app:a%2fb@db", "the code would encode its user, password or database in another way"),
            ("app:ab@db/a%20b", "the code would encode its user, password or database in another way"),
            ("app:ab@db/", "it has no user, or an empty path"),
            (":ab@db", "it has no user, or an empty path"),
        ] {
            assert_eq!(of(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn a_jdbc_url_has_the_fields_that_say_where_the_database_is() {
        let of = |text: &str| {
            let fields = fields(&Secret::new(text.as_bytes()))?;
            Some(
                fields
                    .iter()
                    .map(|(name, value)| format!("{name}={}", std::str::from_utf8(value.expose()).unwrap()))
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        };
        for (text, expected) in [
            ("jdbc:mysql://db:3306/orders?useSSL=true", Some("engine=mysql host=db port=3306 dbname=orders")),
            ("jdbc:postgresql://db/orders", Some("engine=postgres host=db dbname=orders")),
            ("jdbc:sqlserver://db:1433;databaseName=orders;encrypt=true", Some("engine=sqlserver host=db port=1433 dbname=orders")),
            ("jdbc:mysql://a,b/orders", None),
            ("jdbc:mysql://${HOST}/orders", None),
            ("jdbc:mysql://db/orders?user=a&password=b", None),
            ("jdbc:h2:mem:orders", None),
        ] {
            assert_eq!(of(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_has_other_parts_has_none() {
        for text in
            ["https://a:b@c/d", "postgres://a:b@h1,h2/d", "postgres://a:b@h/d?sslmode=require", "postgres://h/d", "x", "mysql://a:%z@h/d"]
        {
            assert!(fields(&Secret::new(text.as_bytes())).is_none(), "{text}");
        }
    }
}
