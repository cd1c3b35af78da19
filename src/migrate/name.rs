//! What secrets and variables are called. Owns: the template, the characters, the endings to avoid. Must not: know stores or files.

use std::collections::BTreeSet;

use regex::Regex;

use crate::reference::Backend;
use crate::store::names;

/// The template that holds unless another is given.
pub const TEMPLATE: &str = "{env}/{app}/{what}";
/// Characters of a name, at most: what AWS takes, less the six that it adds.
const LONGEST: usize = 500;
/// Words of paths and names, and the environment they speak of.
const ENVIRONMENTS: [(&str, &str); 13] = [
    ("prod", "prod"),
    ("production", "prod"),
    ("prd", "prod"),
    ("live", "prod"),
    ("staging", "staging"),
    ("stage", "staging"),
    ("stg", "staging"),
    ("preprod", "staging"),
    ("dev", "dev"),
    ("development", "dev"),
    ("local", "dev"),
    ("qa", "qa"),
    ("uat", "uat"),
];

/// The parts that a template is filled with. An empty one leaves out its segment.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// Environment, such as `prod`.
    pub env: &'a str,
    /// Application: the repository.
    pub app: &'a str,
    /// What it is: `db-password`.
    pub what: &'a str,
}

/// What is wrong with a template: an unknown field, a character that names do not have, or no `{what}`.
///
/// # Errors
/// In words.
pub fn check_template(template: &str) -> Result<(), String> {
    let bare = template.replace("{env}", "").replace("{app}", "").replace("{what}", "");
    if !template.contains("{what}") {
        return Err("a name template needs {what}".to_owned());
    }
    match bare.chars().find(|&character| !is_allowed(character)) {
        Some('{' | '}') => Err("a name template knows {env}, {app} and {what}".to_owned()),
        Some(other) => Err(format!("names have a-z, 0-9 and / _ . - only, not {other:?}")),
        None => Ok(()),
    }
}

const fn is_allowed(character: char) -> bool {
    matches!(character, 'a'..='z' | '0'..='9' | '/' | '_' | '.' | '-')
}

/// The name by this template.
#[must_use]
pub fn fill(template: &str, parts: Parts<'_>) -> String {
    let filled = template
        .replace("{env}", &words(parts.env, '-'))
        .replace("{app}", &words(parts.app, '-'))
        .replace("{what}", &words(parts.what, '-'));
    let segments = filled.split('/').map(|part| part.trim_matches(['-', '_', '.'])).filter(|part| !part.is_empty());
    let mut name = segments.collect::<Vec<_>>().join("/");
    name.truncate(LONGEST);
    without_suffix_of_arns(name)
}

/// Whether a name can be one by this template, as this store spells it: the rest of the name can be anything that the fields are filled with.
///
/// # Panics
/// Never: what is looked for is put together from escaped text.
#[must_use]
pub fn fits(template: &str, name: &str, backend: Backend) -> bool {
    let fields = ["envenv", "appapp", "whatwhat"];
    let one = |env, app| {
        let filled = names::spelled(backend, &fill(template, Parts { env, app, what: fields[2] }));
        // The last `-` of a name that ends as ARNs do is `_`, and one that is taken gets a number.
        let pattern = regex::escape(&filled).replace("\\-", "[-_]");
        let pattern = fields.iter().fold(pattern, |pattern, field| pattern.replace(field, "[a-z0-9][a-z0-9_-]*"));
        Regex::new(&format!("^{pattern}(?:[_-][0-9]+)?$")).expect("because literals are escaped").is_match(name)
    };
    [fields[0], ""].iter().any(|env| [fields[1], ""].iter().any(|app| one(env, app)))
}

/// AWS adds `-` and six characters to the name in an ARN; a name that ends so itself is taken for one.
fn without_suffix_of_arns(mut name: String) -> String {
    if let Some(dash) = suffix_of_arn(&name) {
        name.replace_range(dash..=dash, "_");
    }
    name
}

fn suffix_of_arn(name: &str) -> Option<usize> {
    let dash = name.rfind('-')?;
    let rest = &name[dash + 1..];
    (rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(dash)
}

/// What is wrong with a name.
///
/// # Errors
/// In words.
pub fn check(name: &str) -> Result<(), String> {
    let problem = if name.is_empty() || name.len() > LONGEST {
        "a name has 1 to 500 characters"
    } else if !name.chars().all(is_allowed) {
        "names have a-z, 0-9 and / _ . - only"
    } else if name.contains("//") || name.starts_with('/') || name.ends_with('/') {
        "a name has no empty segment"
    } else if suffix_of_arn(name).is_some() {
        "a name does not end in `-` and six letters or digits, as ARNs do"
    } else {
        return Ok(());
    };
    Err(format!("{name:?}: {problem}"))
}

/// What is wrong with what names begin with; more of the name follows it.
///
/// # Errors
/// In words.
pub fn check_prefix(prefix: &str) -> Result<(), String> {
    check(&format!("{}/secret", prefix.trim_end_matches('/')))
}

/// The name, or the first of `name_2`, `name_3` … that nothing has; it is taken then.
pub fn unique(name: String, taken: &mut BTreeSet<String>) -> String {
    numbered(name, "_", taken)
}

/// The same with another sign, or none, before the number.
pub fn numbered(name: String, sign: &str, taken: &mut BTreeSet<String>) -> String {
    let free = if taken.contains(&name) {
        (2..=u32::MAX)
            .map(|number| format!("{name}{sign}{number}"))
            .find(|name| !taken.contains(name))
            .expect("because there are fewer names")
    } else {
        name
    };
    taken.insert(free.clone());
    free
}

/// Names of files and folders that say nothing of what is in them.
const GENERAL: [&str; 24] = [
    "app",
    "application",
    "compose",
    "config",
    "configuration",
    "constants",
    "credentials",
    "default",
    "defaults",
    "docker-compose",
    "env",
    "index",
    "init",
    "keys",
    "lib",
    "main",
    "mod",
    "readme",
    "resources",
    "secrets",
    "settings",
    "shared",
    "src",
    "values",
];

/// What tells a file from others: its name, or that of the folder around it where the name says nothing.
#[must_use]
pub fn home(path: &str) -> Option<String> {
    let word = |part: &str| words(part.split('.').next().unwrap_or_default(), '-');
    let mut near = path.rsplit('/').take(3).map(word);
    let says = |word: &str| !word.is_empty() && !GENERAL.contains(&word) && !ENVIRONMENTS.iter().any(|(known, _)| *known == word);
    near.find(|word| says(word))
}

/// Words that say that something is a credential, and not of what.
const BARE: &str = "auth authentication authorization basic bearer cred creds credential credentials hash key login pass passphrase password passwd pin pwd \
                    pw salt secret sign signature token value";
/// What functions that are given a credential begin with.
const VERBS: [&str; 8] = ["add", "create", "get", "make", "new", "set", "use", "with"];

/// The words of a name without the verb of a function, and whether they say that it is a credential and nothing else. A verb alone says no more.
fn bare(what: &str) -> (String, bool) {
    let words = words(what, '-');
    if VERBS.contains(&words.as_str()) {
        return ("secret".to_owned(), true);
    }
    let rest = words.split_once('-').filter(|(verb, _)| VERBS.contains(verb)).map_or(words.as_str(), |(_, rest)| rest);
    let is_bare = |word: &str| BARE.split_whitespace().any(|known| known == word);
    let all = rest == "basic-auth" || is_bare(rest);
    (if all { rest.to_owned() } else { words }, all)
}

/// What a secret is called that nothing calls: as the pattern, which the generic ones say of no provider.
#[must_use]
pub fn of_pattern(id: &str) -> &str {
    id.strip_prefix("generic-").unwrap_or(id)
}

/// What a secret is called: as its place says, and where that says only that it is one (`SECRET`, `setBasicAuth`), after the file, too.
#[must_use]
pub fn telling(what: &str, home: Option<&str>) -> String {
    match bare(what) {
        (rest, true) => home.filter(|home| home.len() > 2).map_or_else(|| rest.clone(), |home| format!("{home}-{rest}")),
        _ => what.to_owned(),
    }
}

/// The thing that a name says a credential is of: `mail` of `MAIL_PASSWORD`. None where it says only that it is one.
#[must_use]
pub fn thing(what: &str) -> Option<String> {
    let (words, all) = bare(what);
    let (thing, last) = words.rsplit_once('-').filter(|_| !all)?;
    Some(if BARE.split_whitespace().any(|known| known == last) { thing.to_owned() } else { words })
}

/// The environment that a path speaks of.
#[must_use]
pub fn environment(path: &str) -> Option<&'static str> {
    let lower = path.to_ascii_lowercase();
    let mut words = lower.split(|character: char| !character.is_ascii_alphanumeric());
    words.find_map(|word| ENVIRONMENTS.into_iter().find(|(known, _)| *known == word).map(|(_, environment)| environment))
}

/// Lower case words of a name, joined: `DB_PASSWORD`, `dbPassword` and `db.password` are `db-password`.
#[must_use]
pub fn words(name: &str, joint: char) -> String {
    let mut out = String::new();
    let mut before = '\0';
    for character in name.chars() {
        let boundary = character.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (!character.is_ascii_alphanumeric() || boundary) && !out.is_empty() && !out.ends_with(joint) {
            out.push(joint);
        }
        if character.is_ascii_alphanumeric() {
            out.push(character.to_ascii_lowercase());
        }
        before = character;
    }
    out.trim_end_matches(joint).to_owned()
}

/// Variables that shells, systems and run times set or obey.
const TAKEN: &str = "
    PATH HOME PWD OLDPWD USER USERNAME LOGNAME SHELL UID EUID GID PPID IFS ENV LANG LANGUAGE TERM TZ TMP TEMP TMPDIR HOST HOSTNAME MAIL EDITOR VISUAL
    PAGER DISPLAY PS1 PS2 PS3 PS4 CDPATH RANDOM SECONDS LINENO OPTARG OPTIND REPLY CI DEBUG OS COMPUTERNAME USERDOMAIN USERPROFILE APPDATA LOCALAPPDATA
    PROGRAMDATA PROGRAMFILES SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT PSMODULEPATH HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
    PYTHONPATH PYTHONHOME PYTHONSTARTUP NODE_ENV NODE_OPTIONS NODE_PATH RUBYOPT RUBYLIB PERL5LIB PERL5OPT CLASSPATH JAVA_HOME JAVA_OPTS JAVA_TOOL_OPTIONS
    JDK_JAVA_OPTIONS GOPATH GOROOT GOFLAGS CARGO_HOME DOCKER_HOST KUBECONFIG SSH_ASKPASS SSH_AUTH_SOCK SSH_AGENT_PID SSH_CLIENT SSH_CONNECTION SSH_TTY
    GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_SSH GIT_SSH_COMMAND GIT_ASKPASS GIT_EDITOR
    AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_ENDPOINT_URL AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE";
/// How others of them start.
const TAKEN_STARTS: [&str; 6] = ["LC_", "LD_", "DYLD_", "BASH_", "XDG_", "UNLEAK_"];

/// Whether a variable is there already, or means something, wherever a program is started.
fn is_taken(variable: &str) -> bool {
    TAKEN.split_whitespace().any(|taken| taken == variable) || TAKEN_STARTS.iter().any(|start| variable.starts_with(start))
}

/// The environment variable for what is called `name`: `[A-Z][A-Z0-9_]*`, and none that has a meaning already, such as `PWD`.
#[must_use]
pub fn variable(name: &str) -> String {
    let upper = words(name, '_').to_ascii_uppercase();
    if upper.starts_with(|first: char| first.is_ascii_uppercase()) && !is_taken(&upper) {
        upper
    } else {
        format!("SECRET_{upper}").trim_end_matches('_').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_template_and_avoid_what_stores_confuse() {
        let name = |env, app, what| fill(TEMPLATE, Parts { env, app, what });
        assert_eq!(name("prod", "Shop API", "DB_PASSWORD"), "prod/shop-api/db-password");
        assert_eq!(name("", "shop", "spring.datasource.url"), "shop/spring-datasource-url");
        assert_eq!(name("prod", "shop", "db-secret"), "prod/shop/db_secret");
        assert_eq!(fill("acme/{what}", Parts { env: "", app: "", what: "../é" }), "acme");
        for good in ["prod/shop/db_secret", "a"] {
            assert_eq!(check(good), Ok(()));
        }
        for wrong in ["", "/a", "a/", "a//b", "A", "a b", "a-secret", "a+b", &"a".repeat(501)] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn templates_are_checked() {
        assert_eq!(check_template(TEMPLATE), Ok(()));
        assert_eq!(check_template("customer-shared/{what}"), Ok(()));
        for wrong in ["{env}/{app}", "{what}/{team}", "A/{what}", "{what} "] {
            assert!(check_template(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_prefix_is_the_start_of_a_name_and_not_one() {
        for good in ["customer-shared", "customer-shared/", "acme/pay"] {
            assert_eq!(check_prefix(good), Ok(()));
        }
        for wrong in ["", "/acme", "acme//pay", "Acme"] {
            assert!(check_prefix(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_tells_its_environment_by_whole_words() {
        assert_eq!(environment("deploy/production/app.env"), Some("prod"));
        assert_eq!(environment(".env.staging"), Some("staging"));
        assert_eq!(environment("src/products.py"), None);
    }

    #[test]
    fn a_file_is_told_by_its_name_or_that_of_a_folder() {
        for (path, expected) in [
            ("src/Web/Services/PaymentClient.cs", Some("payment-client")),
            ("config/shared/auth-service.yml", Some("auth-service")),
            ("hc/settings.py", Some("hc")),
            ("deploy/.env", Some("deploy")),
            ("mail/src/index.js", Some("mail")),
            (".env", None),
            ("config/staging/settings.py", None),
            ("src/main/resources/application.yml", None),
        ] {
            assert_eq!(home(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_bare_word_is_called_after_the_file() {
        for (what, home, expected) in [
            ("SECRET", Some("payment-client"), "payment-client-secret"),
            ("SetBasicAuth", Some("payment-client"), "payment-client-basic-auth"),
            ("withPassword", Some("cache"), "cache-password"),
            ("sign", Some("sessions"), "sessions-sign"),
            ("SECRET", None, "secret"),
            ("get", Some("cache"), "cache-secret"),
            ("PASS", Some("a"), "pass"),
            ("DB_PASSWORD", Some("cache"), "DB_PASSWORD"),
            ("apiKey", Some("cache"), "apiKey"),
        ] {
            assert_eq!(telling(what, home), expected, "{what}");
        }
        for (what, expected) in
            [("MAIL_PASSWORD", Some("mail")), ("smtp.pass", Some("smtp")), ("password", None), ("setPassword", None), ("db", None)]
        {
            assert_eq!(thing(what).as_deref(), expected, "{what}");
        }
    }

    #[test]
    fn taken_names_get_a_number() {
        let mut taken = BTreeSet::new();
        let names: Vec<String> = (0..3).map(|_| unique("a/b".to_owned(), &mut taken)).collect();
        assert_eq!(names, ["a/b", "a/b_2", "a/b_3"]);
    }

    #[test]
    fn a_name_is_held_against_its_template() {
        for (template, name, backend, is_one) in [
            (TEMPLATE, "prod/shop/db-password", Backend::Aws, true),
            (TEMPLATE, "shop/db-password", Backend::Aws, true),
            (TEMPLATE, "prod/shop/db_password", Backend::Aws, true),
            (TEMPLATE, "prod/shop/db-password_2", Backend::Aws, true),
            (TEMPLATE, "a/prod/shop/db-password", Backend::Aws, false),
            ("teams/{app}/{what}", "prod/shop/db-password", Backend::Aws, false),
            ("teams/{app}/{what}", "teams/shop/db-password", Backend::Aws, true),
            ("teams/{app}/{what}", "teams-shop-db-password", Backend::Gcp, true),
            ("teams/{app}/{what}", "team-shop-db-password", Backend::Gcp, false),
            ("{what}.{app}", "db-password.shop", Backend::Aws, true),
            ("{what}.{app}", "db-passwordXshop", Backend::Aws, false),
            ("{app}-{what}", "shop_secret", Backend::Aws, true),
        ] {
            assert_eq!(fits(template, name, backend), is_one, "{template} {name}");
        }
    }

    #[test]
    fn variables_are_upper_case_words() {
        for (name, expected) in [
            ("dbPassword", "DB_PASSWORD"),
            ("spring.datasource.password", "SPRING_DATASOURCE_PASSWORD"),
            ("2fa", "SECRET_2FA"),
            ("pwd", "SECRET_PWD"),
            ("Path", "SECRET_PATH"),
            ("ld_preload", "SECRET_LD_PRELOAD"),
            ("dbPwd", "DB_PWD"),
            ("ssh_password", "SSH_PASSWORD"),
            ("é", "SECRET"),
        ] {
            assert_eq!(variable(name), expected);
        }
    }
}
