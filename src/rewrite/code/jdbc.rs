//! Connections of JDBC and the driver of Secrets Manager that takes the place of the database's own. Owns: which databases it knows, what is a
//! connection in code with its URL, user and password beside each other. Must not: guess what a variable holds, or of which type it is.

use std::ops::Range;

use super::client::{Constant, members};
use super::connection::fields;
use super::lexer::{Lexicon, Tokens, Where};
use super::{insert, library};
use crate::reference::Reference;
use crate::rewrite::literal::manual;
use crate::rewrite::{Companion, Manual, Splice, Tree};
use crate::secret::Secret;

/// Databases of JDBC URLs and their drivers, as <https://github.com/aws/aws-secretsmanager-jdbc> names them.
const DRIVERS: [(&str, &str); 7] = [
    ("postgresql", "PostgreSQL"),
    ("mysql", "MySQL"),
    ("mariadb", "MariaDB"),
    ("oracle", "Oracle"),
    ("sqlserver", "MSSQLServer"),
    ("db2", "Db2"),
    ("redshift", "Redshift"),
];

/// Why a place asks the driver.
pub(in crate::rewrite) const REASON: &str = "the JDBC driver of Secrets Manager asks for the user and the password";

/// The class of the driver for a JDBC URL.
pub(in crate::rewrite) fn driver(url: &str) -> Option<String> {
    let address = url.strip_prefix("jdbc:")?;
    let (_, name) = DRIVERS.iter().find(|(scheme, _)| address.split(':').next() == Some(*scheme))?;
    Some(format!("com.amazonaws.secretsmanager.sql.AWSSecretsManager{name}Driver"))
}

/// The URL that the driver takes, and the secret's name in place of the user.
pub(in crate::rewrite) fn asks(url: &Range<usize>, user: Range<usize>, reference: &Reference) -> [Splice; 2] {
    [insert(url.start + "jdbc".len(), "-secretsmanager"), Splice { span: user, text: reference.name.as_str().into() }]
}

/// The file of settings of the driver, on the path of classes.
const SETTINGS: &str = "secretsmanager.properties";

/// What goes with a file at `path` that uses the driver, in a region if one is named.
///
/// # Errors
/// There is no place that says the region.
pub(in crate::rewrite) fn companions(path: &str, region: Option<&str>, tree: &dyn Tree) -> Result<Vec<Companion>, Manual> {
    let mut companions = library("com.amazonaws.secretsmanager:aws-secretsmanager-jdbc", "2.0.3", path, tree);
    if let Some(region) = region {
        let (main, _) = path.rsplit_once("src/main/").ok_or_else(|| {
            manual(
                "the JDBC driver reads its region from secretsmanager.properties on the path of classes, and the file is in no src/main",
                "write drivers.region=… there and migrate without --region",
            )
        })?;
        let content = format!("drivers.region={region}\n");
        let path = format!("{main}src/main/resources/{SETTINGS}");
        let known = tree.read(path.as_bytes().into());
        let has_it = known.is_some_and(|known| String::from_utf8_lossy(&known).lines().any(|line| line.trim() == content.trim_end()));
        if !has_it {
            companions.push(Companion::NewFile { path: path.into(), content: content.into() });
        }
    }
    companions.push(Companion::Advice(
        "the JDBC driver of Secrets Manager reads username and password of the secret, in the region of its environment (drivers.region in \
         secretsmanager.properties sets another); what reads the password of the connection otherwise, such as a migration tool, takes the same driver"
            .to_owned(),
    ));
    Ok(companions)
}

/// How a language writes connections.
pub(super) struct Dialect {
    /// Its tokens.
    pub lexicon: &'static Lexicon,
    /// Whether the end of a line is that of a statement, and a setter can be written as a property.
    pub lines: bool,
    /// What loads a class before the connection is opened that takes the token with this number.
    pub loads: fn(&Tokens<'_>, &str, usize, &str) -> Option<Splice>,
}

/// Loads a driver where lines end statements: in the expression of the password.
#[expect(clippy::unnecessary_wraps, reason = "one of the functions that a dialect has")]
pub(super) fn loaded_in_place(tokens: &Tokens<'_>, _text: &str, used: usize, class: &str) -> Option<Splice> {
    Some(insert(tokens.all[used].span.end, format!(".also {{ Class.forName(\"{class}\") }}")))
}

/// Loads a driver by a constant of the class that opens the connection; none where other code can run before the class is initialised.
pub(super) fn loaded_by_constant(tokens: &Tokens<'_>, text: &str, used: usize, class: &str) -> Option<Splice> {
    let mut types = tokens.around(used).filter_map(|open| Some((open, type_of(tokens, open, false)?)));
    let (open, kind) = types.next()?;
    let own = class.rsplit('.').next()?.strip_prefix("AWSSecretsManager")?.strip_suffix("Driver")?;
    let name = own.to_uppercase() + "_DRIVER";
    let is_known = (0..tokens.all.len()).any(|index| tokens.at(index) == name);
    if types.next().is_some() || !matches!(kind, "class" | "record") || is_known {
        return None;
    }
    let constant = Constant { name, lookup: format!("new {class}()"), home: tokens.all[open].span.end };
    let declared = |Constant { name, lookup, .. }: &Constant| format!("private static final java.sql.Driver {name} = {lookup};");
    members(text, &[constant], declared).pop()
}

/// What the bracket at `open` is the body of, where that is a type.
fn type_of<'t>(tokens: &Tokens<'t>, open: usize, lines: bool) -> Option<&'t str> {
    const TYPES: [&str; 5] = ["class", "record", "enum", "interface", "object"];
    let head = tokens.statement(open, lines)..open;
    head.map(|index| tokens.at(index)).find(|word| tokens.at(open) == "{" && TYPES.contains(word))
}

/// A class whose setters take the settings of a connection.
struct Pool {
    class: &'static str,
    url: &'static str,
    user: &'static str,
    driver: &'static str,
    /// Whether the driver's class can be read as well, so that it is a property.
    is_property: bool,
    /// Whether the setter of the driver's class throws what has to be caught.
    throws: bool,
}

const BASIC: Pool =
    Pool { class: "BasicDataSource", url: "url", user: "username", driver: "driverClassName", is_property: true, throws: false };
const POOLS: [Pool; 7] = [
    BASIC,
    Pool { class: "PoolProperties", ..BASIC },
    Pool { class: BUILDER, ..BASIC },
    Pool { class: "HikariConfig", url: "jdbcurl", ..BASIC },
    Pool { class: "HikariDataSource", url: "jdbcurl", ..BASIC },
    Pool { class: "DriverManagerDataSource", is_property: false, ..BASIC },
    Pool { class: "ComboPooledDataSource", url: "jdbcurl", user: "user", driver: "driverClass", throws: true, ..BASIC },
];
/// The one that is set by a chain of calls.
const BUILDER: &str = "DataSourceBuilder";

/// A connection whose settings are all understood.
pub(super) struct Connection {
    url: Range<usize>,
    user: Range<usize>,
    /// The password's literal.
    password: Range<usize>,
    /// What has the driver loaded.
    load: Splice,
}

impl Connection {
    /// That whose password is the literal at `span`.
    pub fn of(dialect: &Dialect, text: &str, span: &Range<usize>) -> Option<Self> {
        if !text.contains("\"jdbc:") {
            return None;
        }
        let (tokens, Where::Token(at)) = Tokens::to(text, dialect.lexicon, span).ok()? else { return None };
        let code = Code { tokens, dialect };
        let places = [Some(at), code.only_use(at)];
        let (settings, place) =
            places.into_iter().flatten().find_map(|place| Some((code.call(place).or_else(|| code.pool(place))?, place)))?;
        let (url, user) = (code.value(settings.url)?, code.value(settings.user)?);
        let class = driver(&text[url.clone()])?;
        let load = match (settings.driver, settings.pool) {
            (Some(driver), _) => Splice { span: code.value(driver)?, text: class.into() },
            (None, Some(setter)) => Splice { span: setter.span, text: (setter.before + &class + setter.after).into() },
            (None, None) => (dialect.loads)(&code.tokens, text, place, &class)?,
        };
        Some(Self { url, user, password: code.tokens.all[at].span.clone(), load })
    }

    /// The settings beside the password, by the names that they have in a secret and in settings of Spring.
    pub fn beside(&self) -> Vec<(&'static str, Range<usize>)> {
        vec![("username", self.user.clone()), ("url", self.url.clone())]
    }

    /// What the password is called: as where it stands if that says more than that it is one, else by its database.
    pub fn name(&self, name: Option<String>, text: &str) -> String {
        let says_more = |name: &String| {
            let lower = name.to_ascii_lowercase();
            lower.len() > "password".len() && lower.ends_with("password") && lower != "setpassword"
        };
        let url = &text[self.url.clone()];
        let database = fields(&Secret::new(url.as_bytes())).and_then(|fields| fields.into_iter().find(|(name, _)| *name == "dbname"));
        let database = database.and_then(|(_, name)| String::from_utf8(name.expose().to_vec()).ok());
        let by_database = || format!("{}_password", database.as_deref().or_else(|| url.split(':').nth(1)).unwrap_or("db"));
        name.filter(says_more).unwrap_or_else(by_database)
    }

    /// The splices that have the driver ask for the secret.
    pub fn driven(self, reference: &Reference) -> Vec<Splice> {
        let mut splices = asks(&self.url, self.user, reference).to_vec();
        if self.password.start < self.load.span.start || self.load.span.end < self.password.end {
            splices.push(Splice { span: self.password, text: "\"\"".into() });
        }
        splices.push(self.load);
        splices
    }
}

/// The tokens of the settings.
struct Settings {
    url: usize,
    user: usize,
    driver: Option<usize>,
    /// What sets the driver of a pool, in place of the password.
    pool: Option<Setter>,
}

/// A setter without its last bracket: in place of what, and the text around the class.
struct Setter {
    span: Range<usize>,
    before: String,
    after: &'static str,
}

/// What setters are called on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Receiver<'t> {
    /// `pool.setUrl(…)`
    Variable(&'t str),
    /// `apply { url = … }`
    Scope,
    /// `create().url(…)`
    Chain,
}

/// The code of a file.
struct Code<'t> {
    tokens: Tokens<'t>,
    dialect: &'t Dialect,
}

impl<'t> Code<'t> {
    fn level(&self, index: usize) -> Option<usize> {
        self.tokens.around(index).next()
    }

    /// Whether the statement before the token at `index` is over.
    fn ends(&self, index: usize) -> bool {
        self.tokens.at(index) == ";" || self.dialect.lines && (self.tokens.breaks(index) || self.tokens.at(index) == "}")
    }

    /// The bytes of a literal's value, also of one with a name.
    fn value(&self, index: usize) -> Option<Range<usize>> {
        let index = if self.tokens.is_text(index) { index } else { self.declared(index)? };
        let (token, quoting) = (&self.tokens.all[index], self.tokens.all[index].quoting?);
        let content = token.span.start + quoting.open..token.span.end - quoting.close;
        self.tokens.plain(index).filter(|plain| !plain.contains(['\\', '\n'])).map(|_| content)
    }

    /// The other place of a name that stands twice in the file.
    fn other(&self, index: usize) -> Option<usize> {
        let name = self.tokens.at(index);
        let mut all = (0..self.tokens.all.len()).filter(|other| self.tokens.is_word(*other) && self.tokens.at(*other) == name);
        let (first, second) = (all.next()?, all.next()?);
        let other = if first == index { second } else { first };
        all.next().is_none().then_some(other)
    }

    /// The name that the literal at `index` declares, where nothing outside of the file, and no other value, can have it.
    fn name_of(&self, index: usize) -> Option<usize> {
        let name = index.checked_sub(if self.tokens.before(index, 3) == ":" { 4 } else { 2 })?;
        let start = self.tokens.statement(name, self.dialect.lines);
        let has = |words: &[&str]| (start..name).any(|word| words.contains(&self.tokens.at(word)));
        let is_private = has(&["private"]) && has(&["final", "val"]);
        let is_local = || self.level(name).is_some_and(|open| type_of(&self.tokens, open, self.dialect.lines).is_none());
        let is_declared = start < name && self.tokens.is_word(name) && self.tokens.before(index, 1) == "=" && self.ends(index + 1);
        let in_block = self.level(name).is_none_or(|open| self.tokens.at(open) == "{");
        (is_declared && in_block && (is_private || is_local())).then_some(name)
    }

    /// The literal that the name at `index` stands for.
    fn declared(&self, index: usize) -> Option<usize> {
        let name = self.other(index).filter(|_| self.tokens.is_word(index))?;
        [name + 2, name + 4].into_iter().find(|value| self.tokens.is_text(*value) && self.name_of(*value) == Some(name))
    }

    /// Where the literal at `index` is used by its name.
    fn only_use(&self, index: usize) -> Option<usize> {
        self.other(self.name_of(index)?)
    }

    /// A call with the URL, the user and, at `used`, the password.
    fn call(&self, used: usize) -> Option<Settings> {
        let open = self.level(used).filter(|open| *open + 5 == used)?;
        let before = |back: usize| self.tokens.before(open, back);
        let opens =
            before(1) == "getConnection" && before(2) == "." && before(3) == "DriverManager" || before(1) == "DriverManagerDataSource";
        let signs = [open + 2, open + 4].into_iter().all(|sign| self.tokens.at(sign) == ",");
        if !opens || !signs || self.tokens.at(used + 1) != ")" {
            return None;
        }
        let named = ["Class", ".", "forName", "("];
        let loads = |start: &usize| named.iter().enumerate().all(|(offset, token)| self.tokens.at(start + offset) == *token);
        let mut loaded = (0..self.tokens.all.len()).filter(loads).map(|start| start + named.len());
        let driver = loaded.next().filter(|literal| self.tokens.is_text(*literal) && self.tokens.at(literal + 1) == ")");
        loaded.next().is_none().then_some(Settings { url: open + 1, user: open + 3, driver, pool: None })
    }

    /// The setting whose setter's name is the token at `name`: what it sets, and to which token.
    fn setting(&self, name: usize) -> Option<(String, usize)> {
        let written = self.tokens.at(name);
        let key = written.strip_prefix("set").unwrap_or(written).to_ascii_lowercase();
        let value = name + 2;
        let is_call = self.tokens.at(name + 1) == "(" && self.tokens.at(value + 1) == ")";
        let is_property = self.dialect.lines && self.tokens.at(name + 1) == "=" && self.ends(value + 1);
        (self.tokens.is_word(name) && (is_call || is_property)).then_some((key, value))
    }

    /// What the setter at `name` is called on.
    fn receiver(&self, name: usize) -> Option<Receiver<'t>> {
        let before = |back: usize| self.tokens.before(name, back);
        match before(1) {
            "." if before(2) == ")" => Some(Receiver::Chain),
            "." if before(3) != "." => Some(Receiver::Variable(before(2))),
            "{" | ";" => Some(Receiver::Scope),
            _ => (self.dialect.lines && self.tokens.breaks(name) && before(1) != ".").then_some(Receiver::Scope),
        }
    }

    /// The settings of a pool whose password is the token at `place`.
    fn pool(&self, place: usize) -> Option<Settings> {
        let name = place.checked_sub(2)?;
        self.setting(name).filter(|(key, value)| key == "password" && *value == place)?;
        let receiver = self.receiver(name)?;
        let statement = self.statement(name);
        let pool = match receiver {
            Receiver::Variable(variable) => self.pool_of(variable)?,
            Receiver::Scope => self.pool_around(name)?,
            Receiver::Chain => POOLS.iter().find(|pool| pool.class == BUILDER).filter(|_| self.is_built(statement.clone()))?,
        };
        let is_of_same = |other: &usize| {
            self.level(*other) == self.level(name)
                && self.receiver(*other) == Some(receiver)
                && (receiver != Receiver::Chain || statement.contains(other))
        };
        let all: Vec<(String, usize)> = (0..self.tokens.all.len()).filter(is_of_same).filter_map(|other| self.setting(other)).collect();
        let of = |key: &str| all.iter().filter(|(known, _)| known == key).map(|(_, value)| *value).collect::<Vec<_>>();
        let (driver, [url], [user], [_]) =
            (of(&pool.driver.to_ascii_lowercase()), &of(pool.url)[..], &of(pool.user)[..], &of("password")[..])
        else {
            return None;
        };
        if driver.len() > 1 || driver.is_empty() && pool.throws && !self.dialect.lines {
            return None;
        }
        Some(Settings { url: *url, user: *user, driver: driver.first().copied(), pool: Some(self.setter(name, pool)) })
    }

    /// The setter of the driver's class, as that of the password at `name` is written.
    fn setter(&self, name: usize, pool: &Pool) -> Setter {
        let is_call = self.tokens.at(name + 1) == "(";
        let span = self.tokens.all[name].span.start..self.tokens.all[name + 2].span.end;
        let (first, rest) = pool.driver.split_at(1);
        let set = format!("set{}{rest}(\"", first.to_uppercase());
        let (before, after) = match self.tokens.at(name).starts_with("set") {
            true => (set, "\""),
            false if is_call => (format!("{}(\"", pool.driver), "\""),
            false if pool.is_property => (format!("{} = \"", pool.driver), "\""),
            false => (set, "\")"),
        };
        Setter { span, before, after }
    }

    /// The tokens of the statement around `index`.
    fn statement(&self, index: usize) -> Range<usize> {
        let level = self.level(index);
        let closing = level.and_then(|open| self.tokens.closing(open)).unwrap_or(self.tokens.all.len());
        let is_over = |next: &usize| self.level(*next) == level && self.ends(*next) && self.tokens.at(*next) != ".";
        let end = (index + 1..closing).find(is_over).unwrap_or(closing);
        self.tokens.statement(index, self.dialect.lines)..end
    }

    /// Whether a statement begins a chain with the builder.
    fn is_built(&self, mut statement: Range<usize>) -> bool {
        statement.any(|index| self.tokens.at(index) == BUILDER && self.tokens.at(index + 1) == "." && self.tokens.at(index + 2) == "create")
    }

    /// The class that every declaration of a variable, and everything that it is set to, is of.
    fn pool_of(&self, variable: &str) -> Option<&'static Pool> {
        const WORDS: [&str; 8] = ["val", "var", "final", "return", "in", "new", "throw", "else"];
        let here = (0..self.tokens.all.len()).filter(|index| self.tokens.is_word(*index) && self.tokens.at(*index) == variable);
        let classes = here.flat_map(|index| {
            let (at, next) = (|offset: usize| self.tokens.at(index + offset), index + 1);
            let before = index.checked_sub(1).filter(|before| self.tokens.is_word(*before));
            let declared = before.map(|before| self.tokens.at(before)).filter(|word| !WORDS.contains(word));
            let typed = (self.dialect.lines && self.tokens.at(next) == ":").then(|| at(2));
            let made = (at(1) == "=").then(|| if at(2) == "new" { at(3) } else { at(2) });
            [declared, typed, made].into_iter().flatten()
        });
        let mut pools = classes.map(|class| POOLS.iter().find(|pool| pool.class == class));
        let first = pools.next()??;
        pools.all(|pool| pool.is_some_and(|pool| pool.class == first.class)).then_some(first)
    }

    /// The class of what `apply` opens the scope of: `HikariConfig().apply {`.
    fn pool_around(&self, name: usize) -> Option<&'static Pool> {
        let open = self.level(name)?;
        let applies = ["apply", ".", ")", "("].into_iter().zip(1..).all(|(token, back)| self.tokens.before(open, back) == token);
        POOLS.iter().find(|pool| applies && pool.class == self.tokens.before(open, 5))
    }
}
