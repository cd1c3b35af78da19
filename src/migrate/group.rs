//! Which values make one secret. Owns: one value in many places is one secret; what belongs together and rotates together is one JSON
//! object with the store's field names. Must not: join what rotates apart: only the families of the table are joined.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use bstr::ByteSlice;

use super::external::ExternalType;
use super::inventory::{FileText, Inventory, Spot};
use super::{name, value};
use crate::rewrite::{Located, Strategy, Style, Tree};
use crate::secret::{Fingerprint, Secret};

/// Lines above and below a credential in which its companions are looked for.
const NEAR: usize = 12;

/// Credentials of one thing: what their names end in, and the field that each is in the store.
pub struct Family {
    /// Endings of the credential's own name.
    pub secret: &'static [&'static str],
    /// The field that it is.
    pub field: &'static str,
    /// Endings of the names beside it. The first one has to be there.
    pub others: &'static [(&'static str, &'static [&'static str])],
}

const FAMILIES: [Family; 3] = [
    Family {
        secret: &["secret_access_key", "secret_key"],
        field: "secret_access_key",
        others: &[("access_key_id", &["access_key_id", "access_key"])],
    },
    Family { secret: &["client_secret"], field: "client_secret", others: &[("client_id", &["client_id"])] },
    Family {
        secret: &["password", "passwd", "pass", "pwd"],
        field: "password",
        others: &[
            ("username", &["username", "user", "login"]),
            ("engine", &["engine", "adapter", "dialect"]),
            ("host", &["host", "hostname", "server"]),
            ("port", &["port"]),
            ("dbname", &["dbname", "database", "name", "db"]),
        ],
    },
];

/// Order of fields in a secret: that of the store's own rotation functions.
const ORDER: [&str; 11] =
    ["engine", "host", "port", "username", "password", "dbname", URL, "access_key_id", "secret_access_key", "client_id", "client_secret"];

/// The field with the whole of a connection string.
pub const URL: &str = "url";

/// A part of a secret.
pub struct Part {
    /// Its key; none: it is the whole secret.
    pub key: Option<String>,
    /// The value.
    pub value: Secret,
    /// The file that it is read from.
    pub file: usize,
    /// Where the rewriter finds it.
    pub look: Range<usize>,
    /// Field of the connection string there.
    pub field: Option<String>,
}

/// Fields that say where a credential is used; others have the same text by chance.
const SETTINGS: [&str; 5] = ["username", "engine", "host", "port", "dbname"];

impl Part {
    /// Whether its value is a credential or the id of one, which means the same wherever it stands.
    fn is_credential(&self) -> bool {
        self.key.as_deref().is_none_or(|key| !SETTINGS.contains(&key))
    }

    /// Whether it proves who somebody is, and does not only name them.
    pub fn is_proof(&self) -> bool {
        self.is_credential() && !self.key.as_deref().is_some_and(|key| key.ends_with("_id"))
    }

    /// Whether it is read at this spot.
    fn is_at(&self, spot: &Spot) -> bool {
        self.file == spot.file && self.look.start < spot.located.span.end && spot.located.span.start < self.look.end
    }
}

/// A secret to be.
pub struct Group {
    /// What it is called where it stands, without names of families' fields.
    pub what: Option<String>,
    /// Its parts; one of them where `key` is none.
    pub parts: Vec<Part>,
    /// Spots that refer to it, each with the key.
    pub spots: Vec<(usize, Option<String>)>,
    /// Those of them that put it together from its fields.
    pub composed: BTreeSet<usize>,
    /// Whether it is of values that somebody asked to have together.
    pub is_joined: bool,
}

/// All values of the inventory in groups; of a managed external type, its fields.
#[must_use]
pub fn group(inventory: &Inventory, split_url: bool, external: Option<&'static ExternalType>, style: Style, tree: &dyn Tree) -> Vec<Group> {
    let families = external.map_or(&FAMILIES[..], |external| std::slice::from_ref(&external.family));
    let mut by_value: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
    let mut values = Vec::new();
    for (at, value) in identities(inventory, families).into_iter().enumerate() {
        let spots = by_value.entry(value).or_default();
        if spots.is_empty() {
            values.push(value);
        }
        spots.push(at);
    }
    for spots in by_value.values_mut() {
        spots.sort_by_key(|&spot| (rank(inventory, &inventory.spots[spot]), spot));
    }
    let mut taken = BTreeSet::new();
    let mut settled: BTreeSet<usize> = BTreeSet::new();
    let mut groups = Vec::new();
    // Families first: an id that stands alone could otherwise be gone before its secret is met.
    let found: Vec<_> = values.iter().map(|value| family(families, inventory, by_value[value][0], style, tree)).collect();
    for (value, family) in values.iter().zip(found) {
        let Some((what, parts)) = family.filter(|_| !taken.contains(value)) else { continue };
        let own = &inventory.spots[by_value[value][0]];
        let identity = |part: &Part| if part.is_at(own) { *value } else { Fingerprint::of(part.value.expose()) };
        let members: Vec<_> = parts.iter().map(|part| (identity(part), part)).collect();
        if members.iter().any(|(value, part)| part.is_credential() && taken.contains(value)) {
            continue;
        }
        let mut spots: BTreeMap<usize, Option<String>> = BTreeMap::new();
        // Where a password is also the name of a user, its places are the password's.
        for (value, part) in members.iter().filter(|(_, part)| part.is_credential()) {
            spots.extend(by_value.get(value).into_iter().flatten().map(|&spot| (spot, part.key.clone())));
            taken.insert(*value);
        }
        for (value, part) in members.iter().filter(|(_, part)| !part.is_credential()) {
            let own = by_value.get(value).into_iter().flatten().filter(|spot| part.is_at(&inventory.spots[**spot]));
            for &spot in own.filter(|spot| !settled.contains(*spot)) {
                spots.entry(spot).or_insert_with(|| part.key.clone());
            }
        }
        settled.extend(spots.keys().copied());
        groups.push(Group { what, parts, spots: spots.into_iter().collect(), composed: BTreeSet::new(), is_joined: false });
    }
    for value in values.iter().filter(|value| !taken.contains(value)) {
        let spots: Vec<usize> = by_value[value].iter().copied().filter(|spot| !settled.contains(spot)).collect();
        if !spots.is_empty() {
            groups.push(alone(inventory, &spots, split_url));
        }
    }
    groups.sort_by_key(|group| group.spots.iter().map(|(spot, _)| *spot).min());
    groups
}

/// What tells the values of spots apart: the password of several users is as many, where what stands beside it says who logs in.
fn identities(inventory: &Inventory, families: &[Family]) -> Vec<Fingerprint> {
    let login = families.iter().find(|family| family.field == "password");
    let values: Vec<Fingerprint> = inventory.spots.iter().map(|spot| Fingerprint::of(spot.located.value.expose())).collect();
    let mut times: HashMap<Fingerprint, usize> = HashMap::new();
    for value in &values {
        *times.entry(*value).or_default() += 1;
    }
    let mut users: HashMap<Fingerprint, &[u8]> = HashMap::new();
    let identity = |(spot, value): (&'_ Spot, &Fingerprint)| {
        let file = &inventory.files[spot.file];
        let user = (times[value] > 1).then(|| username(login, file, &spot.located)).flatten().map(|span| &file.bytes[span]);
        let other = user.filter(|user| users.entry(*value).or_insert(user) != user);
        other.map_or(*value, |user| Fingerprint::of(format!("{value} {}", user.as_bstr()).as_bytes()))
    };
    inventory.spots.iter().zip(&values).map(identity).collect()
}

/// The bytes of the name of the user who logs in with the password at a place.
fn username(login: Option<&Family>, file: &FileText, located: &Located) -> Option<Range<usize>> {
    if let Some((_, span)) = located.beside.iter().find(|(name, _)| *name == "username") {
        return Some(span.clone());
    }
    let login = login.filter(|_| located.strategy != Strategy::Placeholder)?;
    let own = own_name(file, located)?;
    let stem = stem(&own, login.secret)?;
    companion(&neighbours(&file.bytes, located.span.start), stem, login.others[0].1).cloned()
}

/// The bytes of what is called by one of the endings.
fn companion<'n>(neighbours: &'n [(String, Range<usize>)], stem: &str, endings: &[&str]) -> Option<&'n Range<usize>> {
    let is_called = |name: &str| name.strip_prefix(stem).is_some_and(|ending| endings.contains(&ending));
    neighbours.iter().find_map(|(name, span)| is_called(name).then_some(span))
}

/// How well a place names its secret, the best one first: code and variables, settings, single words, what only passes the value on, prose.
fn rank(inventory: &Inventory, spot: &Spot) -> u8 {
    match (spot.located.rewriter, called(inventory, spot)) {
        (_, None) => 5,
        _ if spot.located.strategy == Strategy::Placeholder => 4,
        ("github-workflow" | "gitlab-ci", _) => 3,
        (_, Some(name)) if name::thing(&name).is_none() => 2,
        (_, Some(name)) => u8::from(name.contains('.')),
    }
}

/// What a place calls its secret: in prose the line of a setting may, as an example of a command does.
fn called(inventory: &Inventory, spot: &Spot) -> Option<String> {
    let of_line = || own_name(&inventory.files[spot.file], &spot.located).filter(|name| name::thing(name).is_some());
    spot.located.name.clone().or_else(|| (spot.located.strategy == Strategy::Placeholder).then(of_line).flatten())
}

/// A value of its own: as it is, or as the fields of its connection string; with the whole of it as `url` where a place needs that.
fn alone(inventory: &Inventory, spots: &[usize], split_url: bool) -> Group {
    let spot = &inventory.spots[spots[0]];
    let part = |key: Option<&str>, value: &Secret, field: Option<&str>| Part {
        key: key.map(str::to_owned),
        value: value.clone(),
        file: spot.file,
        look: spot.look.clone(),
        field: field.map(str::to_owned),
    };
    let split = split_url && !spot.located.fields.is_empty();
    let can = |spot: &usize| split && inventory.spots[*spot].located.composed.is_ok();
    let composed: BTreeSet<usize> = spots.iter().copied().filter(can).collect();
    let mut parts: Vec<Part> =
        if split { spot.located.fields.iter().map(|(name, value)| part(Some(name), value, Some(name))).collect() } else { Vec::new() };
    if composed.len() < spots.len() {
        parts.push(part(split.then_some(URL), &spot.located.value, None));
    }
    let key = |spot: &usize| (split && !composed.contains(spot)).then(|| URL.to_owned());
    Group { what: called(inventory, spot), parts, spots: spots.iter().map(|spot| (*spot, key(spot))).collect(), composed, is_joined: false }
}

/// The name without the ending that says which member of a family it is.
fn stem<'n>(words: &'n str, endings: &[&str]) -> Option<&'n str> {
    let ending = endings.iter().find(|ending| words.ends_with(*ending))?;
    let stem = &words[..words.len() - ending.len()];
    (stem.is_empty() || stem.ends_with('_')).then_some(stem)
}

/// The family of a credential, if its companions stand beside it: what it is called, and all parts in order.
fn family(families: &[Family], inventory: &Inventory, spot: usize, style: Style, tree: &dyn Tree) -> Option<(Option<String>, Vec<Part>)> {
    let spot = &inventory.spots[spot];
    let file = &inventory.files[spot.file];
    let (own, neighbours) = match spot.located.beside.as_slice() {
        [] => (own_name(file, &spot.located)?, neighbours(&file.bytes, spot.located.span.start)),
        beside => ("password".to_owned(), beside.iter().map(|(name, span)| ((*name).to_owned(), span.clone())).collect()),
    };
    let (family, stem) = families.iter().find_map(|family| Some((family, stem(&own, family.secret)?)))?;
    let mut parts = Vec::new();
    for (key, endings) in family.others {
        let found = companion(&neighbours, stem, endings);
        let located =
            |span: &Range<usize>| file.rewriter.locate(file.source(), span.clone(), style, tree).map(|located| located.value).ok();
        let number = |span: &Range<usize>| value::port(Some(key), &file.bytes[span.clone()]);
        match found.and_then(|span| Some((span, located(span).or_else(|| number(span))?))) {
            Some((span, value)) => {
                parts.push(Part { key: Some((*key).to_owned()), value, file: spot.file, look: span.clone(), field: None });
            }
            // Without the first of the others there is no family.
            None if parts.is_empty() => return None,
            None => {}
        }
    }
    if family.field == "password" {
        let is_url = |name: &str| ["url", "jdbc_url"].iter().any(|ending| name == format!("{stem}{ending}"));
        let url =
            neighbours.iter().find(|(name, span)| is_url(name) && file.bytes[span.clone()].starts_with(b"jdbc:")).map(|(_, span)| span);
        let located = url.and_then(|span| Some((span, file.rewriter.locate(file.source(), span.clone(), style, tree).ok()?)));
        for (span, (name, value)) in located.iter().flat_map(|(span, located)| located.fields.iter().map(move |field| (*span, field))) {
            if parts.iter().all(|part| part.key.as_deref() != Some(*name)) {
                let (key, field) = (Some((*name).to_owned()), Some((*name).to_owned()));
                parts.push(Part { key, value: value.clone(), file: spot.file, look: span.clone(), field });
            }
        }
    }
    let key = Some(family.field.to_owned());
    parts.push(Part { key, value: spot.located.value.clone(), file: spot.file, look: spot.look.clone(), field: None });
    parts.sort_by_key(|part| ORDER.iter().position(|known| part.key.as_deref() == Some(known)));
    let whole = spot.located.name.as_deref().map(|name| name::words(name, '_'));
    let what = whole.and_then(|words| Some(words.strip_suffix(own.strip_prefix(stem)?)?.trim_end_matches('_').to_owned()));
    Some((what.filter(|what| !what.is_empty()), parts))
}

/// The last part of a name that its line says: of `spring.datasource.password` in YAML that is `password`.
fn own_name(file: &FileText, located: &Located) -> Option<String> {
    let start = file.bytes[..located.span.start].rfind_byte(b'\n').map_or(0, |end| end + 1);
    let end = file.bytes[start..].find_byte(b'\n').map_or(file.bytes.len(), |end| start + end);
    Some(setting(&file.bytes[start..end])?.0)
}

/// Settings near a byte, on lines of their own with the same indentation: names in words, and the bytes of the values.
fn neighbours(bytes: &[u8], at: usize) -> Vec<(String, Range<usize>)> {
    let Some(before) = bytes.get(..at) else { return Vec::new() };
    let start = before.rfind_byte(b'\n').map_or(0, |end| end + 1);
    let first = bytes[..start].rfind_iter(b"\n").nth(NEAR).map_or(0, |end| end + 1);
    let own = bytes[first..start].find_iter(b"\n").count();
    let mut end = first;
    let lines: Vec<Range<usize>> = bytes[first..]
        .lines_with_terminator()
        .take(own + NEAR + 1)
        .map(|line| {
            end += line.len();
            end - line.len()..end
        })
        .collect();
    let indentation = |line: &Range<usize>| bytes[line.clone()].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let Some(depth) = lines.get(own).map(indentation) else { return Vec::new() };
    // A line that is indented less ends the block: what stands beyond it is of another thing.
    let is_inside = |line: &&Range<usize>| bytes[(*line).clone()].trim_ascii().is_empty() || indentation(line) >= depth;
    let above = lines[..own].iter().rev().take_while(is_inside).count();
    let below = lines[own..].iter().take_while(is_inside).count();
    let same = lines[own - above..own + below].iter().filter(|line| indentation(line) == depth && !line.contains(&at));
    same.filter_map(|line| {
        let (name, value) = setting(&bytes[line.clone()])?;
        Some((name, line.start + value.start..line.start + value.end))
    })
    .collect()
}

/// Name and value of a line that sets something: `export A="b"`, `a: b`, `"a": "b",`, `a = 'b'`.
fn setting(line: &[u8]) -> Option<(String, Range<usize>)> {
    let text = std::str::from_utf8(line).ok()?;
    let sign = text.find(['=', ':'])?;
    let name = text[..sign].trim().trim_start_matches("export ").trim_start_matches("- ").trim_matches(['"', '\'']);
    let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    let last = name.rsplit(|character: char| character.is_whitespace()).next()?;
    if last.is_empty() || !last.chars().all(is_name) {
        return None;
    }
    let rest = &text[sign + 1..];
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    let offset = text.len() - rest.trim_start().len();
    let value = rest.trim().trim_end_matches([',', ';']).trim_end();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    let bare = quote.map_or(Some(value), |quote| value.strip_prefix(quote)?.strip_suffix(quote))?;
    let start = offset + usize::from(quote.is_some());
    let is_plain = !bare.is_empty() && !bare.starts_with(['$', '{', '[', '|', '>', '&', '*', '#']) && !bare.starts_with("ref+");
    is_plain.then(|| (name::words(last, '_'), start..start + bare.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_lines_of_many_forms() {
        for (line, name, value) in [
            ("export DB_USER=app\n", "db_user", "app"),
            ("  username: \"app\"\r\n", "username", "app"),
            ("\"host\": \"db\",\n", "host", "db"),
            ("const dbPort = '5432';\n", "db_port", "5432"),
            ("spring.datasource.username=app", "spring_datasource_username", "app"),
        ] {
            let (found, span) = setting(line.as_bytes()).unwrap();
            assert_eq!((found.as_str(), &line[span]), (name, value), "{line:?}");
        }
        for line in ["# nothing", "a = ${B}", "a: ", "f(x) = 1", "a = ref+unleak://b"] {
            assert!(setting(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn only_neighbours_with_the_same_stem_are_of_the_family() {
        assert_eq!(stem("db_password", FAMILIES[2].secret), Some("db_"));
        assert_eq!(stem("password", FAMILIES[2].secret), Some(""));
        assert_eq!(stem("dbpassword", FAMILIES[2].secret), None);
        let text = b"A_USER=x\n  B_USER=y\nA_PASSWORD=z\n";
        let found = neighbours(text, 30);
        assert_eq!(found, [("a_user".to_owned(), 7..8)]);
        let text = b"db:\n  username: x\n\n  password: y\nredis:\n  password: z\n";
        assert_eq!(neighbours(text, 30), [("username".to_owned(), 16..17)]);
        assert!(neighbours(text, 50).is_empty());
    }
}
