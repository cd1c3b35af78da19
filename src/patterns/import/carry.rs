//! Foreign rules to patterns. Owns: what a pattern is made of, and the words about what is lost. Must not: know formats.

use std::collections::BTreeMap;

use regex::bytes::RegexBuilder;

use super::literals::{self, Literal};
use super::rewrite::{self, Rewritten};
use super::rule::{ForeignFile, ForeignRule, Tool};
use super::templates;
use crate::detect::rule::Rule;
use crate::patterns::check::{MAX_COMPANION_LINES, MAX_MATCH};
use crate::patterns::exception::{self, Exception};
use crate::patterns::schema::{self, Companion, PatternDef, ProviderFile, Severity, StoreAdvice};
use crate::patterns::{Catalogue, expression};

/// Most rules of a file.
const MOST_RULES: usize = 400;
/// Most exceptions of a file.
const MOST_EXCEPTIONS: usize = 200;
/// Most bytes of an expression once compiled: a file can come from anywhere.
const SIZE_LIMIT: usize = 256 * 1024;
/// Bytes between a keyword that is no part of the expression and the match, at most.
const NEAR: usize = 100;
/// Longest title in characters.
const LONGEST_TITLE: usize = 80;

/// Patterns made of another tool's rules.
#[derive(Debug, Clone)]
pub struct Import {
    /// The tool.
    pub tool: Tool,
    /// The patterns, and what the file lets pass whatever finds it.
    pub file: ProviderFile,
    /// What the file lets pass of a rule that is not in it, by the rule's id.
    pub of_others: Vec<(String, schema::Exception)>,
    /// What did not carry over, or means something else now.
    pub remarks: Vec<Remark>,
    /// The ids that rules have here, by their ids there.
    pub ids: BTreeMap<String, String>,
    /// Exceptions read so far.
    exceptions: usize,
}

/// Something that did not carry over, or means something else now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The rule's id there; none: the file as a whole.
    pub rule: Option<String>,
    /// The words.
    pub text: String,
    /// Whether the rule is left out.
    pub left_out: bool,
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.rule {
            Some(rule) if self.left_out => write!(f, "{rule}: not carried over: {}", self.text),
            Some(rule) => write!(f, "{rule}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Makes patterns of the rules. `catalogue` holds the patterns that are there already, whose ids are taken.
#[must_use]
pub fn carry(tool: Tool, foreign: ForeignFile, catalogue: &Catalogue) -> Import {
    let file = ProviderFile {
        provider: tool.name().to_owned(),
        name: format!("{} (imported)", tool.name()),
        docs: String::new(),
        imported: Some(tool.name().to_owned()),
        allow: Vec::new(),
        patterns: Vec::new(),
    };
    let mut import = Import { tool, file, of_others: Vec::new(), remarks: Vec::new(), ids: BTreeMap::new(), exceptions: 0 };
    import.remarks.extend(foreign.remarks.into_iter().map(|text| Remark { rule: None, text, left_out: false }));
    let mut companions = Vec::new();
    for (at, rule) in foreign.rules.into_iter().enumerate() {
        let id = rule.id.clone();
        let required = rule.required.clone();
        let outcome = if at < MOST_RULES { import.pattern(rule, catalogue) } else { Err(format!("only {MOST_RULES} rules are read")) };
        match outcome {
            Ok(Some(def)) => {
                companions.push(required);
                import.ids.insert(id, def.id.clone());
                import.file.patterns.push(def);
            }
            Ok(None) => {}
            Err(text) => import.remarks.push(Remark { rule: Some(id), text, left_out: true }),
        }
    }
    import.require(&companions);
    for (rules, exception) in foreign.allow {
        import.allow(&rules, exception);
    }
    import
}

impl Import {
    /// Gives every pattern examples, made by trying; `catalogue` holds the patterns they are tried among, without these.
    pub fn add_examples(&mut self, mut catalogue: Catalogue) {
        let before = catalogue.len();
        if let Err(error) = catalogue.add_parsed(self.file.clone()) {
            self.remarks.push(Remark { rule: None, text: format!("no example could be made up: {error}"), left_out: false });
            return;
        }
        for (def, index) in self.file.patterns.iter_mut().zip(catalogue.indices().skip(before)) {
            if def.opt_in && catalogue.set_enabled(&def.id, true).is_err() {
                continue;
            }
            let made = templates::examples(&catalogue, index);
            let problem = made.problem;
            (def.positive, def.negative) = (made.positive, made.negative);
            if let Some(problem) = problem {
                let rule = self.ids.iter().find(|(_, id)| **id == def.id).map(|(rule, _)| rule.clone());
                self.remarks.push(Remark { rule, text: format!("no example could be made up: {problem}"), left_out: false });
            }
            if def.opt_in {
                let _ = catalogue.set_enabled(&def.id, false);
            }
        }
    }

    fn remark(&mut self, rule: &str, text: impl Into<String>) {
        self.remarks.push(Remark { rule: Some(rule.to_owned()), text: text.into(), left_out: false });
    }

    /// The pattern of a rule; none where the rule only lets things pass.
    fn pattern(&mut self, rule: ForeignRule, catalogue: &Catalogue) -> Result<Option<PatternDef>, String> {
        let allow = self.exceptions(&rule.id, rule.allow);
        let Some(expression) = rule.expression else {
            if rule.paths.is_empty() && !allow.is_empty() {
                self.of_others.extend(allow.into_iter().map(|exception| (rule.id.clone(), exception)));
                return Ok(None);
            }
            return Err(if rule.paths.is_empty() { "it has no expression" } else { "it names files, not secrets in them" }.to_owned());
        };
        let rewritten = rewrite::rewrite(&expression, &rule.group)?;
        let anchored = anchored(rewritten, &rule.keywords)?;
        let paths: Vec<String> = rule
            .paths
            .iter()
            .map(|path| rewrite::translate_only(path).map_err(|error| format!("its path: {error}")))
            .collect::<Result<_, _>>()?;
        exception::expressions(&paths).map_err(|_| "the expression of its path is too large".to_owned())?;
        let id = self.id(&rule.id, catalogue)?;
        if rule.id != id {
            self.remark(&rule.id, format!("it is called {id} here"));
        }
        let def = PatternDef {
            title: title(&rule.title, &rule.id),
            severity: rule.severity.unwrap_or(Severity::High),
            opens: format!("Not known: the rule comes from {}.", self.tool.name()),
            revoke: String::new(),
            store: StoreAdvice::SecretsManager,
            shape: Vec::new(),
            near: Vec::new(),
            hint: Vec::new(),
            within: 48,
            regex: Some(anchored.regex),
            detector: None,
            ignore_case: anchored.anchors.iter().any(|anchor| anchor.any_case),
            anchors: anchored.anchors.into_iter().map(|anchor| String::from_utf8_lossy(&anchor.bytes).into_owned()).collect(),
            confidence: rule.confidence,
            checksum: None,
            #[expect(clippy::cast_possible_truncation, reason = "a floor has one or two digits")]
            entropy: rule.entropy.map(|floor| floor as f32),
            paths,
            allow,
            companions: Vec::new(),
            advice: Some("Find out what it opens, revoke it there, and keep the new one in a secrets manager.".to_owned()),
            positive: Vec::new(),
            negative: Vec::new(),
            opt_in: rule.hidden,
            id,
        };
        Rule::compile(&def).map_err(|error| error.to_string())?;
        for text in anchored.remarks.into_iter().chain(rule.remarks) {
            self.remark(&rule.id, text);
        }
        Ok(Some(def))
    }

    /// An id that is not taken, in our spelling.
    fn id(&self, there: &str, catalogue: &Catalogue) -> Result<String, String> {
        let plain = kebab(there);
        let is_free = |id: &String| catalogue.index_of(id).is_none() && self.file.patterns.iter().all(|def| def.id != *id);
        let longer = format!("{}-{plain}", self.tool.name());
        let numbered = (2..100).map(|number| format!("{longer}-{number}"));
        let all = [plain.clone(), longer.clone()].into_iter().chain(numbered);
        all.into_iter()
            .find(|id| !plain.is_empty() && is_free(id))
            .ok_or_else(|| "its id has neither letters nor digits, or is taken".to_owned())
    }

    /// What a rule lets pass, in our spelling, as far as it can be said.
    fn exceptions(&mut self, rule: &str, given: Vec<schema::Exception>) -> Vec<schema::Exception> {
        let mut kept = Vec::new();
        for exception in given {
            let (exception, remarks) = self.translated(exception);
            kept.extend(exception);
            for text in remarks {
                self.remark(rule, text);
            }
        }
        kept
    }

    /// The exception in our spelling, and what of it is lost.
    fn translated(&mut self, exception: schema::Exception) -> (Option<schema::Exception>, Vec<String>) {
        self.exceptions += 1;
        if self.exceptions > MOST_EXCEPTIONS {
            return (None, vec![format!("an exception is left out: only {MOST_EXCEPTIONS} are read")]);
        }
        translated(exception)
    }

    /// Adds what the file lets pass, of these rules or of all.
    fn allow(&mut self, rules: &[String], exception: schema::Exception) {
        let (exception, remarks) = self.translated(exception);
        self.remarks.extend(remarks.into_iter().map(|text| Remark { rule: None, text, left_out: false }));
        let Some(exception) = exception else { return };
        if rules.is_empty() {
            self.file.allow.push(exception);
            return;
        }
        for rule in rules {
            let own = self.ids.get(rule).and_then(|id| self.file.patterns.iter_mut().find(|def| def.id == *id));
            match own {
                Some(def) => def.allow.push(exception.clone()),
                None => self.of_others.push((rule.clone(), exception.clone())),
            }
        }
    }

    /// Turns the rules that a rule needs into companions; `required` has those of each pattern.
    fn require(&mut self, required: &[Vec<(String, Option<u64>)>]) {
        let mut remarks = Vec::new();
        for (at, needed) in required.iter().enumerate() {
            let id = self.file.patterns[at].id.clone();
            let rule = self.ids.iter().find(|(_, known)| **known == id).map_or(id.as_str(), |(rule, _)| rule.as_str());
            for (other, lines) in needed {
                let Some(companion) = self.ids.get(other).filter(|companion| **companion != id) else {
                    remarks.push((rule.to_owned(), format!("it needs {other}, which is not carried over; it is reported without")));
                    continue;
                };
                let most = u64::from(MAX_COMPANION_LINES);
                if lines.is_none_or(|lines| lines > most) {
                    remarks.push((rule.to_owned(), format!("{other} must stand within {most} lines of it, not further away")));
                }
                let within_lines = lines.unwrap_or(most).clamp(1, most);
                let within_lines = u8::try_from(within_lines).unwrap_or(MAX_COMPANION_LINES);
                self.file.patterns[at].companions.push(Companion { pattern: companion.clone(), within_lines, required: true });
            }
        }
        for (rule, text) in remarks {
            self.remark(&rule, text);
        }
    }
}

/// An expression with its anchors.
struct Anchored {
    regex: String,
    anchors: Vec<Literal>,
    remarks: Vec<String>,
}

/// Anchors from the expression's own literals; from keywords, which then must stand before the match, where it has none.
fn anchored(rewritten: Rewritten, keywords: &[String]) -> Result<Anchored, String> {
    let Rewritten { mut regex, mut remarks } = rewritten;
    let hir = expression::parse(&regex).map_err(|error| error.to_string())?;
    let own = literals::required(&hir);
    let words: Vec<String> = keywords.iter().map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty()).collect();
    let is_related = |literal: &Literal| {
        let text = String::from_utf8_lossy(&literal.bytes).to_ascii_lowercase();
        words.iter().any(|word| text.contains(word.as_str()) || word.contains(&text))
    };
    let usable: Vec<&String> = words.iter().filter(|word| (3..=100).contains(&word.len()) && !word.contains(['{', '}', '\n'])).collect();
    if let Some(own) = own.filter(|own| usable.is_empty() || own.iter().any(is_related)) {
        if !words.is_empty() && !own.iter().all(is_related) {
            remarks.push("keywords count for nothing where the expression's own text is there".to_owned());
        }
        fits(&regex)?;
        return Ok(Anchored { regex, anchors: own, remarks });
    }
    if usable.is_empty() {
        return Err("neither its expression nor its keywords have three characters in a row that every match holds".to_owned());
    }
    if usable.len() < words.len() {
        remarks.push("keywords of fewer than three characters are left out".to_owned());
    }
    if hir.properties().look_set_prefix().contains_anchor() {
        return Err("its expression must match at the start of a line, so no keyword can stand before it".to_owned());
    }
    let alternatives: Vec<String> = usable.iter().map(|word| regex_syntax::escape(word)).collect();
    regex = format!("(?i:{})[^\\n]{{0,{NEAR}}}?(?:{regex})", alternatives.join("|"));
    let length = expression::parse(&regex).map_err(|error| error.to_string())?.properties().maximum_len();
    if length.is_none_or(|length| length > MAX_MATCH) {
        return Err(format!("its matches can have more than {MAX_MATCH} bytes"));
    }
    remarks.push(format!("a keyword must stand before the match, on its line, within {NEAR} bytes; there it may stand anywhere"));
    fits(&regex)?;
    let anchors = usable.into_iter().map(|word| Literal { bytes: word.clone().into_bytes(), any_case: true }).collect();
    Ok(Anchored { regex, anchors, remarks })
}

/// Whether the expression is small enough once compiled.
fn fits(regex: &str) -> Result<(), String> {
    let built = RegexBuilder::new(regex).unicode(false).size_limit(SIZE_LIMIT).build();
    built.map(drop).map_err(|_| "its expression is too large once compiled".to_owned())
}

/// The exception in our spelling, and what of it is lost.
fn translated(mut exception: schema::Exception) -> (Option<schema::Exception>, Vec<String>) {
    let mut remarks = Vec::new();
    let lists = [
        ("path", &mut exception.paths),
        ("value", &mut exception.values),
        ("match", &mut exception.matches),
        ("line", &mut exception.lines),
    ];
    for (what, list) in lists {
        list.retain_mut(|text| match rewrite::translate_only(text) {
            Ok(translated) => {
                *text = translated;
                true
            }
            Err(error) => {
                remarks.push(format!("an expression of a {what} that it lets pass is left out: {error}"));
                false
            }
        });
    }
    exception.words.retain(|word| !word.is_empty());
    let is_commit = |id: &String| id.len() >= 7 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (commits, wrong) = std::mem::take(&mut exception.commits).into_iter().partition(is_commit);
    exception.commits = commits;
    remarks.extend(wrong.iter().map(|_: &String| "a commit that it lets pass is left out: it is no id of seven digits or more".to_owned()));
    if exception.all && !remarks.is_empty() {
        // One part less would let more pass.
        remarks.push("so all of that exception is left out".to_owned());
        return (None, remarks);
    }
    match Exception::compile(&exception) {
        Ok(_) => (Some(exception), remarks),
        Err(error) => {
            remarks.push(format!("an exception is left out: {error}"));
            (None, remarks)
        }
    }
}

/// The name in lower case, words joined by single dashes; `HogToken` is two words.
fn kebab(name: &str) -> String {
    let mut id = String::new();
    let mut before = ' ';
    for next in name.chars().take(100) {
        if next.is_ascii_uppercase() && before.is_ascii_lowercase() {
            id.push('-');
        }
        id.push(if next.is_ascii_alphanumeric() { next.to_ascii_lowercase() } else { '-' });
        before = next;
    }
    id.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// The rule's words as a title: one line, no full stop.
fn title(words: &str, id: &str) -> String {
    let line: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|letter| !letter.is_control()).collect();
    let sentence = line.split(". ").next().unwrap_or_default();
    let cut: String = sentence.chars().take(LONGEST_TITLE).collect();
    let title = cut.trim_end_matches(['.', ',', ';', ':', '!', ' ']);
    if title.is_empty() { id.to_owned() } else { title.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::check;
    use crate::patterns::import::gitleaks;

    fn import(text: &str) -> Import {
        let catalogue = Catalogue::builtin();
        let mut import = carry(Tool::Gitleaks, gitleaks::parse(text).unwrap(), &catalogue);
        import.add_examples(catalogue);
        import
    }

    /// The import read back as a file of patterns, and what the lint says of it.
    fn complaints(import: &Import) -> Vec<String> {
        let text = import.to_toml();
        let mut catalogue = Catalogue::builtin();
        let before = catalogue.len();
        catalogue.add("imported.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let added: Vec<_> = catalogue.indices().skip(before).collect();
        check::check_all(&mut catalogue, &added).unwrap().iter().map(ToString::to_string).collect()
    }

    fn remarks(import: &Import) -> Vec<String> {
        import.remarks.iter().map(ToString::to_string).collect()
    }

    const RULES: &str = r#"
[[rules]]
id = "acme-key"
description = "Acme's key, for the API."
regex = '''(?i)acme[_-]?key\s*[:=]\s*["']?([a-z0-9]{32})(?:["'\s;]|$)'''
entropy = 3.0
keywords = ["acme"]
[[rules.allowlists]]
stopwords = ["aaaa"]

[[rules]]
id = "hog-token"
description = "Hog"
regex = '''\b([A-Za-z0-9+/]{40})\b'''
keywords = ["hog"]

[[rules]]
id = "Acme.Tfvars"
regex = '''acme_pw\s*=\s*"([^"]+)"'''
path = '''\.tfvars$'''

[[rules]]
id = "no-anchor"
regex = '''[a-z]{20}'''

[[rules]]
id = "file-name"
path = '''id_rsa$'''

[[rules]]
id = "look"
regex = '''acme(?!x)[a-z]{20}'''
"#;

    #[test]
    fn what_is_imported_passes_the_lint() {
        let import = import(RULES);
        assert_eq!(complaints(&import), [""; 0], "{}", import.to_toml());
        let examples: Vec<_> = import.file.patterns.iter().map(|def| (def.id.as_str(), def.positive.len(), def.negative.len())).collect();
        assert_eq!(examples, [("acme-key", 2, 2), ("hog-token", 2, 2), ("acme-tfvars", 2, 2)], "{}", import.to_toml());
    }

    #[test]
    fn what_does_not_carry_over_is_said() {
        let expected = [
            "acme-key: repetition without an end is bounded: 1024 times in the secret, 100 elsewhere",
            "hog-token: a keyword must stand before the match, on its line, within 100 bytes; there it may stand anywhere",
            "Acme.Tfvars: it is called acme-tfvars here",
            "Acme.Tfvars: repetition without an end is bounded: 1024 times in the secret, 100 elsewhere",
            "no-anchor: not carried over: neither its expression nor its keywords have three characters in a row that every match holds",
            "file-name: not carried over: it names files, not secrets in them",
            "look: not carried over: its expression cannot be read: look-around, including look-ahead and look-behind, is not supported",
        ];
        let import = import(RULES);
        assert_eq!(remarks(&import), expected);
        let text = import.to_toml();
        assert!(expected.iter().all(|remark| text.contains(remark.split_once(": ").unwrap().1)), "{text}");
    }

    #[test]
    fn a_rule_can_need_another() {
        let import = import(
            r#"
[[rules]]
id = "acme-id"
regex = '''acmeid_[a-z]{12}'''
skipReport = true
[[rules]]
id = "acme-secret"
regex = '''acmesecret_[a-z]{32}'''
[[rules.required]]
id = "acme-id"
withinLines = 3
[[rules.required]]
id = "other"
"#,
        );
        let secret = &import.file.patterns[1];
        let companion = Companion { pattern: "acme-id".to_owned(), within_lines: 3, required: true };
        assert_eq!((import.file.patterns[0].opt_in, &secret.companions), (true, &vec![companion]));
        let said = remarks(&import);
        assert_eq!(said[0], "acme-secret: it needs other, which is not carried over; it is reported without");
        assert!(said[1].starts_with("acme-secret: no example could be made up: "), "{said:?}");
        assert_eq!(complaints(&import), [""; 0]);
    }

    #[test]
    fn ids_do_not_collide() {
        let taken = "github-personal-access-token";
        let import = import(&format!(
            "[[rules]]\nid = '{taken}'\nregex = 'acmeone_[a-z]{{20}}'\n[[rules]]\nid = '{taken}'\nregex = 'acmetwo_[a-z]{{20}}'\n"
        ));
        let ids: Vec<&str> = import.file.patterns.iter().map(|def| def.id.as_str()).collect();
        assert_eq!(ids, ["gitleaks-github-personal-access-token", "gitleaks-github-personal-access-token-2"]);
    }

    #[test]
    fn exceptions_go_where_they_belong() {
        let import = import(
            r#"
[[rules]]
id = "acme-key"
regex = '''acmekey_[a-z]{20}'''
[[rules]]
id = "theirs"
[[rules.allowlists]]
paths = ["a"]
[[allowlists]]
targetRules = ["acme-key", "unknown"]
stopwords = ["x"]
[[allowlists]]
paths = ["b", "(?=c)"]
[[allowlists]]
condition = "AND"
paths = ["(?=c)"]
stopwords = ["y"]
"#,
        );
        let words = schema::Exception { words: vec!["x".to_owned()], ..schema::Exception::default() };
        assert_eq!(import.file.patterns[0].allow, [words]);
        assert_eq!(import.file.allow, [schema::Exception { paths: vec!["b".to_owned()], ..schema::Exception::default() }]);
        let others: Vec<&str> = import.of_others.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(others, ["theirs", "unknown"]);
        assert_eq!(remarks(&import).last().unwrap(), "so all of that exception is left out");
    }

    #[test]
    fn names_become_ids() {
        assert_eq!(kebab("HogTokenDetector"), "hog-token-detector");
        assert_eq!(kebab("acme.aws_key.1"), "acme-aws-key-1");
        assert_eq!(kebab("Ключ"), "");
        assert_eq!(title("Found an Acme key.\n Risky! More.", "x"), "Found an Acme key");
        assert_eq!(title(" ", "x"), "x");
    }
}
