//! The configuration file `.unleak.toml`. Owns: finding and reading it, its keys and its schema. Must not: scan.
//!
//! A scanned tree brings its own configuration, which can come from somebody who wants to hide something. So a configuration is small,
//! reads no file outside of its own directory, and [`Config::restrictions`] says what it leaves out.

use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use unleak::blob::visible;
use unleak::finding::{Level, Severity};
use unleak::patterns::toml_error::{TomlError, position};
use unleak::suppress::allow::Allow;
use unleak::suppress::globs::Globs;

use crate::failure::Failure;
use crate::migrate_config::Policy;
use crate::nearest::nearest;
use crate::store_config::StoreDefaults;

/// The JSON schema of the file, for editors.
pub const SCHEMA: &str = include_str!("../../../docs/unleak.schema.json");
/// The file's name.
const NAME: &str = ".unleak.toml";
/// Most bytes of a configuration.
const MAX_SIZE: u64 = 1 << 20;

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Keys {
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    min_confidence: Option<Level>,
    fail_on: Option<Severity>,
    #[serde(default)]
    exclude: Vec<Spanned<String>>,
    #[serde(default)]
    patterns: Vec<Spanned<String>>,
    #[serde(default)]
    enable: Vec<String>,
    #[serde(default)]
    disable: Vec<String>,
    #[serde(default)]
    allow: Vec<Spanned<AllowKeys>>,
    baseline: Option<Spanned<String>>,
    store: Option<Spanned<StoreDefaults>>,
    migrate: Option<Spanned<Policy>>,
}

/// A place that is allowed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowKeys {
    path: Option<String>,
    pattern: Option<String>,
    fingerprint: Option<String>,
    reason: String,
}

/// A configuration that was read and checked.
#[derive(Debug, Default)]
pub struct Config {
    /// The file; none: there is none.
    pub file: Option<PathBuf>,
    /// Least confidence that is reported.
    pub min_confidence: Option<Level>,
    /// Least severity that counts for the exit code.
    pub fail_on: Option<Severity>,
    /// Globs of paths to leave out.
    pub exclude: Vec<String>,
    /// Files with patterns.
    pub patterns: Vec<PathBuf>,
    /// Patterns to switch on.
    pub enable: Vec<String>,
    /// Patterns to switch off.
    pub disable: Vec<String>,
    /// Places that are allowed.
    pub allow: Vec<Allow>,
    /// The baseline; it need not exist.
    pub baseline: Option<PathBuf>,
    /// Where secrets are.
    pub store: StoreDefaults,
    /// The policy of migrations.
    pub migrate: Policy,
}

impl Config {
    /// The configuration that holds for a scan of `start`: the first file found upwards from it, up to the root of the repository.
    ///
    /// # Errors
    /// A file that cannot be read or says something unknown.
    pub fn find(start: &Path) -> Result<Self, Failure> {
        // A start that does not exist is the scan's to report.
        let Ok(start) = fs::canonicalize(start) else { return Ok(Self::default()) };
        for directory in start.ancestors().filter(|path| path.is_dir()) {
            let file = directory.join(NAME);
            if fs::symlink_metadata(&file).is_ok() {
                return Self::read(&file);
            }
            if directory.join(".git").exists() {
                break;
            }
        }
        Ok(Self::default())
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// A file that cannot be read or says something unknown.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let cannot = |error: &dyn Display| Failure::with_file("read", file, error).hint("--no-config goes without it");
        let metadata = fs::metadata(file).map_err(|error| cannot(&error))?;
        if !metadata.is_file() {
            return Err(cannot(&"it is not a file"));
        }
        if metadata.len() > MAX_SIZE {
            return Err(cannot(&"it is larger than 1 MiB"));
        }
        let text = fs::read_to_string(file).map_err(|error| cannot(&error))?;
        Self::parse(file, &text)
    }

    /// Reads the text of a configuration; `file` says where it is from.
    ///
    /// # Errors
    /// Text that says something unknown.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Failure> {
        let at = |start: usize, message: &dyn Display| {
            let (line, column) = position(text, start);
            Failure::new(&format_args!("{}:{line}:{column}: {message}", visible(file.as_os_str().as_encoded_bytes())))
        };
        let keys: Keys = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let message = TomlError::new(text, &error).message;
            at(start, &message).maybe_hint(spelling_hint(&message))
        })?;
        for glob in &keys.exclude {
            Globs::new([glob.get_ref().as_str()]).map_err(|error| at(glob.span().start, &error))?;
        }
        let mut config = Self {
            file: Some(file.to_owned()),
            min_confidence: keys.min_confidence,
            fail_on: keys.fail_on,
            exclude: keys.exclude.into_iter().map(Spanned::into_inner).collect(),
            patterns: Vec::new(),
            enable: keys.enable,
            disable: keys.disable,
            allow: Vec::new(),
            baseline: None,
            store: StoreDefaults::default(),
            migrate: Policy::default(),
        };
        if let Some(store) = keys.store {
            store.get_ref().check().map_err(|problem| at(store.span().start, &format!("store: {problem}")))?;
            config.store = store.into_inner();
        }
        if let Some(policy) = keys.migrate {
            policy.get_ref().check().map_err(|problem| at(policy.span().start, &format!("migrate: {problem}")))?;
            config.migrate = policy.into_inner();
        }
        for name in keys.patterns {
            let path = beside(file, "patterns", name.get_ref()).map_err(|problem| at(name.span().start, &problem))?;
            config.patterns.push(path);
        }
        if let Some(name) = keys.baseline {
            let path = beside(file, "baseline", name.get_ref()).map_err(|problem| at(name.span().start, &problem))?;
            config.baseline = Some(path);
        }
        for entry in keys.allow {
            let start = entry.span().start;
            let entry = entry.into_inner();
            if entry.reason.trim().is_empty() {
                return Err(at(start, &"allow: the reason is empty").hint("say why the secret may stand there"));
            }
            let rule = Allow::new(entry.path.as_deref(), entry.pattern.as_deref(), entry.fingerprint.as_deref());
            config.allow.push(rule.map_err(|error| at(start, &format!("allow: {error}")))?);
        }
        Ok(config)
    }

    /// What the configuration leaves out, in words; none if it leaves nothing out.
    pub fn restrictions(&self) -> Option<String> {
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{number} {many}")),
        };
        let parts = [
            count(self.exclude.len(), "glob of paths is left out", "globs of paths are left out"),
            count(self.disable.len(), "pattern is off", "patterns are off"),
            count(self.allow.len(), "allow rule holds", "allow rules hold"),
            self.min_confidence.filter(|level| *level > Level::Medium).map(|level| format!("only {} confidence is reported", level.name())),
            self.fail_on.filter(|severity| *severity > Severity::Low).map(|severity| format!("only {} severity fails", severity.name())),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let file = self.file.as_ref()?;
        (!parts.is_empty()).then(|| format!("{}: {}", visible(file.as_os_str().as_encoded_bytes()), parts.join(", ")))
    }
}

/// A file below the directory of the configuration, links resolved. One that is not there is left to whoever reads it.
fn beside(file: &Path, key: &str, name: &str) -> Result<PathBuf, String> {
    let is_plain = |component: Component<'_>| matches!(component, Component::Normal(_) | Component::CurDir);
    if !Path::new(name).components().all(is_plain) {
        return Err(format!("{key}: {name:?} must be below the directory of this file"));
    }
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let path = directory.join(name);
    let resolve = |path: &Path| fs::canonicalize(path).map_err(|error| format!("{key}: {name:?}: {error}"));
    let is_missing = fs::symlink_metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    let resolved = match (path.parent(), path.file_name()) {
        (Some(parent), Some(last)) if is_missing => resolve(parent)?.join(last),
        _ => resolve(&path)?,
    };
    let (root, path) = (resolve(directory)?, resolved);
    if path.starts_with(root) { Ok(path) } else { Err(format!("{key}: {name:?} links to a place outside of the directory of this file")) }
}

/// The known word nearest to the one that the parser did not know; both are in its message.
fn spelling_hint(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    nearest(&unknown.replace('_', "-"), quoted).map(|known| format!("did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Failure> {
        Config::parse(Path::new("x/.unleak.toml"), text)
    }

    fn error(text: &str) -> (String, Vec<String>) {
        let failure = parse(text).unwrap_err();
        (failure.error, failure.hints)
    }

    #[test]
    fn every_key_is_read() {
        let text = r#"
min-confidence = "high"
fail-on = "medium"
exclude = ["vendor/", "*.min.js"]
enable = ["a-b"]
disable = ["c-d"]
[[allow]]
path = "tests/**"
pattern = "a-b"
fingerprint = "0123456789ab"
reason = "made up"
"#;
        let config = parse(text).unwrap();
        assert_eq!((config.min_confidence, config.fail_on), (Some(Level::High), Some(Severity::Medium)));
        assert_eq!((config.exclude.as_slice(), config.allow.len()), (["vendor/".to_owned(), "*.min.js".to_owned()].as_slice(), 1));
        assert_eq!((config.enable, config.disable), (vec!["a-b".to_owned()], vec!["c-d".to_owned()]));
    }

    #[test]
    fn unknown_keys_have_a_place_and_a_hint() {
        let (message, hints) = error("enable = []\n  min_confidance = 'low'\n");
        assert!(message.starts_with("x/.unleak.toml:2:3: unknown field `min_confidance`"), "{message}");
        assert_eq!(hints, ["did you mean `min-confidence`?"]);
        let (message, hints) = error("fail-on = 'hihg'");
        assert!(message.starts_with("x/.unleak.toml:1:11: unknown variant `hihg`"), "{message}");
        assert_eq!(hints, ["did you mean `high`?"]);
        let (message, hints) = error("é = 1");
        assert!(message.starts_with("x/.unleak.toml:1:1: "), "{message}");
        assert_eq!(hints, [""; 0]);
    }

    #[test]
    fn allow_rules_need_a_reason_and_something_to_allow() {
        assert_eq!(error("[[allow]]\npath = 'a'\n").0, "x/.unleak.toml:1:1: missing field `reason`");
        assert_eq!(error("[[allow]]\npath = 'a'\nreason = ' '\n").0, "x/.unleak.toml:1:1: allow: the reason is empty");
        assert_eq!(error("[[allow]]\nreason = 'a'\n").0, "x/.unleak.toml:1:1: allow: it needs a path, a pattern or a fingerprint");
    }

    #[test]
    fn globs_are_checked_where_they_stand() {
        assert!(
            error("exclude = ['a',\n '']").0.starts_with("x/.unleak.toml:2:2: the glob \"\" cannot be read"),
            "{}",
            error("exclude = ['a',\n '']").0
        );
    }

    #[test]
    fn pattern_files_stay_below_the_configuration() {
        for outside in ["/etc/passwd", "../a.toml", "a/../../b.toml"] {
            let (message, _) = error(&format!("patterns = [{outside:?}]"));
            assert_eq!(message, format!("x/.unleak.toml:1:13: patterns: {outside:?} must be below the directory of this file"));
            let (message, _) = error(&format!("baseline = {outside:?}"));
            assert_eq!(message, format!("x/.unleak.toml:1:12: baseline: {outside:?} must be below the directory of this file"));
        }
    }

    #[test]
    fn the_baseline_need_not_be_there_but_its_directory() {
        let tree = tempfile::tempdir().unwrap();
        let parse = |text: &str| Config::parse(&tree.path().join(NAME), text);
        let root = fs::canonicalize(tree.path()).unwrap();
        assert_eq!(parse("baseline = 'b.jsonl'").unwrap().baseline, Some(root.join("b.jsonl")));
        assert!(parse("baseline = 'ci/b.jsonl'").is_err());
        fs::create_dir(root.join("ci")).unwrap();
        assert_eq!(parse("baseline = 'ci/b.jsonl'").unwrap().baseline, Some(root.join("ci/b.jsonl")));
    }

    #[cfg(unix)]
    #[test]
    fn links_to_pattern_files_elsewhere_are_refused() {
        let (tree, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        unleak::fsx::write_atomically(&other.path().join("p.toml"), |out| out.write_all(b"")).unwrap();
        std::os::unix::fs::symlink(other.path().join("p.toml"), tree.path().join("p.toml")).unwrap();
        let failure = Config::parse(&tree.path().join(NAME), "patterns = ['p.toml']").unwrap_err();
        assert!(failure.error.ends_with("links to a place outside of the directory of this file"), "{}", failure.error);
    }

    #[test]
    fn the_file_is_found_upwards_to_the_repository_and_no_further() {
        let tree = tempfile::tempdir().unwrap();
        let inner = tree.path().join("repo/a/b");
        fs::create_dir_all(&inner).unwrap();
        unleak::fsx::write_atomically(&tree.path().join(NAME), |out| out.write_all(b"fail-on = 'high'")).unwrap();
        assert_eq!(Config::find(&inner).unwrap().fail_on, Some(Severity::High));
        fs::create_dir(tree.path().join("repo/.git")).unwrap();
        assert_eq!(Config::find(&inner).unwrap().fail_on, None);
        let own = tree.path().join("repo/a").join(NAME);
        unleak::fsx::write_atomically(&own, |out| out.write_all(b"fail-on = 'medium'")).unwrap();
        assert_eq!(Config::find(&inner).unwrap().fail_on, Some(Severity::Medium));
        assert_eq!(Config::find(&own).unwrap().fail_on, Some(Severity::Medium));
    }

    #[test]
    fn what_is_not_a_small_file_is_refused() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join(NAME)).unwrap();
        assert!(Config::find(tree.path()).unwrap_err().error.ends_with("it is not a file"));
        let large = tree.path().join("large");
        unleak::fsx::write_atomically(&large, |out| out.write_all(&vec![b'#'; (1 << 20) + 1])).unwrap();
        assert!(Config::read(&large).unwrap_err().error.ends_with("it is larger than 1 MiB"));
    }

    #[test]
    fn restrictions_are_said() {
        assert_eq!(parse("enable = ['a-b']").unwrap().restrictions(), None);
        let config = parse("exclude = ['**']\ndisable = ['a', 'b']\nmin-confidence = 'certain'").unwrap();
        let said = "x/.unleak.toml: 1 glob of paths is left out, 2 patterns are off, only certain confidence is reported";
        assert_eq!(config.restrictions().as_deref(), Some(said));
    }

    /// The keys that the parser knows, from its own message.
    fn keys(text: &str) -> Vec<String> {
        let failure = toml::from_str::<Keys>(text).unwrap_err();
        let mut keys: Vec<String> = failure.message().split('`').skip(3).step_by(2).map(str::to_owned).collect();
        keys.sort();
        keys
    }

    #[test]
    fn the_schema_has_exactly_the_keys_and_values_of_the_file() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let properties = |at: &str| -> Vec<String> {
            let mut keys: Vec<String> = schema.pointer(at).unwrap().as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(properties("/properties"), keys("zzz = 1"));
        assert_eq!(properties("/properties/allow/items/properties"), keys("[[allow]]\nzzz = 1"));
        assert_eq!(properties("/properties/store/properties"), keys("[store]\nzzz = 1"));
        assert_eq!(properties("/properties/migrate/properties"), keys("[migrate]\nzzz = 1"));
        for (key, pointer) in [("min-confidence", "/properties/min-confidence/enum"), ("fail-on", "/properties/fail-on/enum")] {
            let mut listed: Vec<&str> =
                schema.pointer(pointer).unwrap().as_array().unwrap().iter().filter_map(|value| value.as_str()).collect();
            listed.sort_unstable();
            assert_eq!(listed, keys(&format!("{key} = 'zzz'")), "{key}");
        }
    }

    #[test]
    fn the_schema_accepts_what_the_parser_does_and_nothing_else() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for text in [
            "",
            "min-confidence = 'high'\nexclude = ['a']",
            "[[allow]]\npath = 'a'\nreason = 'b'",
            "[[allow]]\nreason = 'b'",
            "[[allow]]\npath = 'a'",
            "[[allow]]\nfingerprint = 'xyz'\nreason = 'b'",
            "zzz = 1",
            "fail-on = 'zzz'",
            "exclude = 'a'",
            "[store]\nkind = 'aws'\nregion = 'eu-west-1'\nendpoint-url = 'http://127.0.0.1:4566'",
            "[store]\nkind = 'vault'",
            "[store]\nendpoint-url = 'ftp://localhost'",
            "[migrate]\nprefix = 'acme/pay'\nrequired-tags = ['owner']\ntags = { team = 'pay' }",
            "[migrate]\nprefix = 'customer-shared/'",
            "[migrate]\nprefix = 'Acme'",
            "[migrate]\nregions = []",
            "[migrate]\nprices = { secret = 0.5, calls = 0 }",
            "[migrate]\nprices = { secret = -1 }",
            "[migrate]\nprices = { month = 1 }",
        ] {
            let json = serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
            assert_eq!(validator.is_valid(&json), parse(text).is_ok(), "{text}");
        }
    }
}
