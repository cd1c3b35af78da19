//! Connection URLs taken apart into the standard fields of a secret. Owns: `engine`, `host`, `port`, `username`, `password`, `dbname` of a
//! URL whose parts put together are the URL again. Must not: guess; what does not fit has no fields.

use super::Secret;

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

/// The fields of a connection URL, in the standard's order; none where it has other parts than these.
pub(in crate::rewrite) fn fields(value: &Secret) -> Option<Vec<(&'static str, Secret)>> {
    let text = std::str::from_utf8(value.expose()).ok()?;
    let (scheme, rest) = text.split_once("://")?;
    // `postgresql+psycopg2` names a driver as well.
    let base = scheme.split('+').next()?;
    let engine = ENGINES.iter().find(|(known, _)| base.eq_ignore_ascii_case(known))?.1;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = authority.rsplit_once('@')?;
    let (username, password) = user.split_once(':')?;
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        Some(_) => return None,
        None => (host, None),
    };
    if host.is_empty() || host.contains([',', '[', ']']) || path.contains(['/', '?', '#']) || password.is_empty() {
        return None;
    }
    let mut fields = vec![("engine", Secret::new(engine.as_bytes())), ("host", Secret::new(host.as_bytes()))];
    fields.extend(port.map(|port| ("port", Secret::new(port.as_bytes()))));
    fields.push(("username", percent(username)?));
    fields.push(("password", percent(password)?));
    if !path.is_empty() {
        fields.push(("dbname", percent(path)?));
    }
    Some(fields)
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
    fn what_has_other_parts_has_none() {
        for text in
            ["https://a:b@c/d", "postgres://a:b@h1,h2/d", "postgres://a:b@h/d?sslmode=require", "postgres://h/d", "x", "mysql://a:%z@h/d"]
        {
            assert!(fields(&Secret::new(text.as_bytes())).is_none(), "{text}");
        }
    }
}
