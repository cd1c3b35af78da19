//! Spring's properties and YAML: a variable, or with `--style sdk` what Spring Cloud AWS imports, or the JDBC driver that asks the store itself.
//! Owns: these forms, and where they go in a file. Must not: decode values.

use std::ops::Range;

use tree_sitter::Node;

use super::native::is_put_together;
use super::scalar::Scalar;
use super::yaml::{self, Found};
use super::{File, Place, choice, default, ini, only_aws, with_variable};
use crate::reference::Reference;
use crate::rewrite::code::{jdbc, library, line_end, line_start, next_line, region};
use crate::rewrite::literal::manual;
use crate::rewrite::{Companion, Manual, Rewritten, Splice, Strategy, Style, Wanted};

const IMPORT: &str = "spring.config.import";
/// Where it reads secrets.
const REGION: &str = "spring.cloud.aws.secretsmanager.region";
const IMPORTED: &str = "Spring Cloud AWS imports the secret";

/// In YAML.
pub(super) fn yaml(file: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    property(file, found.scalar)
}

/// In YAML of any name: what a config server hands to Spring, else a token.
pub(super) fn yaml_or_token(file: &File<'_>, found: Found<'_>) -> Result<Place, Manual> {
    if is_served(file) { served(file, found.scalar) } else { yaml::generic(file, found) }
}

/// The same in properties.
pub(super) fn property_or_token(file: &File<'_>, scalar: Scalar) -> Result<Place, Manual> {
    if is_served(file) { served(file, scalar) } else { ini::generic(file, scalar) }
}

/// A setting that a config server hands on.
fn served(file: &File<'_>, scalar: Scalar) -> Result<Place, Manual> {
    let place = property(&File { style: Style::Auto, ..*file }, scalar)?;
    let reason = "a config server hands the file to Spring, which puts a variable in where the application runs, and fails without it";
    Ok(Place { reason, ..place })
}

/// Whether a YAML file sets what is Spring's own, whatever it is called.
pub(super) fn is_yaml(text: &str) -> bool {
    text.lines().any(|line| line.strip_prefix("spring:").is_some_and(|rest| rest.trim().is_empty()))
}

/// The same for properties.
pub(super) fn is_properties(text: &str) -> bool {
    text.lines().any(|line| {
        ["spring.datasource.", "spring.cloud.", "spring.profiles.", "spring.application."].iter().any(|own| line.starts_with(own))
    })
}

/// Whether a config server hands the file to applications, which are called as the files are: one in a folder that says so, or in a repository with
/// nothing but settings.
fn is_served(file: &File<'_>) -> bool {
    const FOLDERS: [&str; 6] = ["config-repo", "configrepo", "config-server", "configserver", "cloud-config", "spring-config"];
    let (folder, _) = file.path.rsplit_once('/').unwrap_or(("", file.path));
    let is_named = folder.split('/').any(|part| FOLDERS.iter().any(|known| part.to_ascii_lowercase().contains(known)));
    if folder.contains("src/") || !(folder.is_empty() || is_named) {
        return false;
    }
    let beside = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let is_there = |name: &str| file.tree.read(beside(name).as_str().into()).is_some();
    let builds = ["pom.xml", "build.gradle", "build.gradle.kts", "Dockerfile", "docker-compose.yml", "compose.yaml"];
    ["application.yml", "application.yaml", "application.properties"].into_iter().any(is_there) && !builds.into_iter().any(is_there)
}

/// In properties.
pub(super) fn property(file: &File<'_>, scalar: Scalar) -> Result<Place, Manual> {
    let variable = "Spring puts a variable in and fails without it";
    // Only what is written as variables are is no property that another file sets.
    let named = |character: char| matches!(character, 'A'..='Z' | '0'..='9' | '_');
    if let Some((name, default)) = default::of(file.text, &scalar, &[":"], named) {
        let edit = |_: &File<'_>, place: &Place, wanted: &Wanted<'_>| Ok(with_variable(place, wanted, ""));
        return Ok(Place { variable: Some(name), ..Place::environment(default, variable, edit) });
    }
    is_put_together(&scalar, &["${", "#{"])?;
    if file.style != Style::Sdk {
        return Ok(Place::environment(scalar, variable, to_variable));
    }
    if file.path.rsplit('/').next().is_some_and(|name| name.starts_with("bootstrap")) {
        return Ok(Place::environment(scalar, "the bootstrap context imports nothing: Spring puts a variable in", to_variable));
    }
    if let Some(Datasource { username, url, .. }) = Datasource::of(file, &scalar.decode.span) {
        let beside = vec![("username", username.content), ("url", url.content)];
        return Ok(Place { strategy: Strategy::Sdk, beside, ..Place::native(scalar, jdbc::REASON, to_driver) });
    }
    Ok(Place { strategy: Strategy::Sdk, ..Place::native(scalar, IMPORTED, to_import) })
}

/// Spring's `${X}`, which fails when it is not set.
#[expect(clippy::unnecessary_wraps, reason = "one of the functions that a table holds")]
fn to_variable(_: &File<'_>, place: &Place, wanted: &Wanted<'_>) -> Result<Rewritten, Manual> {
    Ok(with_variable(place, wanted, &format!("${{{}}}", wanted.variable)))
}

/// A setting with one value.
struct Setting {
    /// All of its key, with dots.
    key: String,
    /// The last part of the key.
    name: Range<usize>,
    /// The value with its quotes, and without.
    token: Range<usize>,
    content: Range<usize>,
}

impl Setting {
    /// The key as relaxed binding compares it.
    fn relaxed(&self) -> String {
        self.key.replace(['-', '_'], "").to_ascii_lowercase()
    }

    fn text<'t>(&self, text: &'t str) -> &'t str {
        &text[self.content.clone()]
    }
}

/// The settings of the document that holds `at`.
fn settings(file: &File<'_>, at: usize) -> Vec<Setting> {
    let document = document(file.text, at);
    let all = if file.path.to_ascii_lowercase().ends_with(".properties") { of_properties(file.text) } else { of_yaml(file.text) };
    all.into_iter().filter(|setting| document.contains(&setting.token.start)).collect()
}

/// The bytes of a document: files of Spring can hold several, each between lines `---` or `#---`.
fn document(text: &str, at: usize) -> Range<usize> {
    let ends = |line: &str| matches!(line.trim_end(), "---" | "#---" | "!---");
    let mut range = 0..text.len();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let next = start + line.len();
        if ends(line) && next <= at {
            range.start = next;
        } else if ends(line) && start > at {
            range.end = start;
            break;
        }
        start = next;
    }
    range
}

fn of_properties(text: &str) -> Vec<Setting> {
    let entries = choice::PROPERTIES.entries(text);
    let plain = entries.into_iter().filter_map(|entry| {
        let key = entry.path.last()?.clone();
        let start = line_start(text, entry.value.start);
        let at = start + text[start..entry.value.start].find(&key)?;
        let last = key.rfind('.').map_or(0, |dot| dot + 1);
        let name = at + last..at + key.len();
        Some(Setting { key, name, token: entry.value.clone(), content: entry.value })
    });
    plain.collect()
}

fn of_yaml(text: &str) -> Vec<Setting> {
    let Ok(tree) = yaml::parse(text) else { return Vec::new() };
    pairs(tree.root_node(), text).into_iter().filter_map(|(key, pair)| setting(key, pair, text)).collect()
}

fn setting(key: String, pair: Node<'_>, text: &str) -> Option<Setting> {
    let name = pair.child_by_field_name("key")?.byte_range();
    let last = text[name.clone()].rfind('.').map_or(0, |dot| dot + 1);
    let value = pair.child_by_field_name("value").filter(|value| value.kind() == "flow_node")?.named_child(0)?;
    let quotes = match value.kind() {
        "plain_scalar" => 0,
        "single_quote_scalar" | "double_quote_scalar" => 1,
        _ => return None,
    };
    let token = value.byte_range();
    let content = token.start + quotes..token.end - quotes;
    Some(Setting { key, name: name.start + last..name.end, token, content })
}

/// The pairs of all mappings that are no items of lists, with their keys from the root.
fn pairs<'t>(root: Node<'t>, text: &str) -> Vec<(String, Node<'t>)> {
    let mut found = Vec::new();
    let mut stack = vec![(String::new(), root)];
    while let Some((above, node)) = stack.pop() {
        if matches!(node.kind(), "block_sequence" | "flow_sequence") {
            continue;
        }
        let mut prefix = above;
        if matches!(node.kind(), "block_mapping_pair" | "flow_pair") {
            let Some(key) = node.child_by_field_name("key") else { continue };
            prefix.extend([if prefix.is_empty() { "" } else { "." }, yaml::word(key, text)]);
            found.push((prefix.clone(), node));
        }
        let mut cursor = node.walk();
        stack.extend(node.named_children(&mut cursor).map(|child| (prefix.clone(), child)));
    }
    found
}

/// The settings of a connection: what the JDBC driver takes.
struct Datasource {
    password: Setting,
    username: Setting,
    url: Setting,
    driver: Option<Setting>,
    class: String,
}

impl Datasource {
    /// The settings around a password, where the driver knows the URL's database.
    fn of(file: &File<'_>, span: &Range<usize>) -> Option<Self> {
        let mut all = settings(file, span.start);
        let own = all.iter().position(|setting| setting.content.start <= span.start && span.end <= setting.content.end)?;
        let password = all.swap_remove(own);
        let whole = password.relaxed();
        let above = whole.strip_suffix("password").filter(|above| above.ends_with('.'))?;
        let mut take = |names: &[&str]| {
            let at = all.iter().position(|other| other.relaxed().strip_prefix(above).is_some_and(|name| names.contains(&name)))?;
            Some(all.swap_remove(at))
        };
        let (url, username, driver) = (take(&["url", "jdbcurl"])?, take(&["username", "user"])?, take(&["driverclassname"]));
        let class = jdbc::driver(url.text(file.text))?;
        Some(Self { password, username, url, driver, class })
    }
}

/// The settings of the connection with the driver; the password goes.
fn to_driver(file: &File<'_>, place: &Place, wanted: &Wanted<'_>) -> Result<Rewritten, Manual> {
    let text = file.text;
    let Some(source) = Datasource::of(file, &place.scalar.decode.span).filter(|_| wanted.reference.key.as_deref() == Some("password"))
    else {
        let mut out = to_import(file, place, wanted)?;
        let span = place.scalar.decode.span.clone();
        out.companions.push(Companion::Instead { span, strategy: Strategy::Sdk, reason: IMPORTED.to_owned() });
        return Ok(out);
    };
    only_aws(wanted, "the JDBC driver of Secrets Manager")?;
    let region = region::of(wanted.reference)?;
    let Datasource { password, username, url, driver, class } = source;
    let lines = line_start(text, password.name.start)..next_line(text, password.token.end);
    let before = text[lines.start..password.name.start].trim();
    let above = &password.key[..password.key.len() - password.name.len()];
    let is_alone = before == above || before.is_empty() && text[password.token.end..lines.end].trim().is_empty();
    let mut splices = jdbc::asks(&url.content, username.content, wanted.reference).to_vec();
    if let Some(driver) = driver {
        if !is_alone {
            return Err(manual("the password stands on a line with other settings", "give it a line of its own, then migrate again"));
        }
        splices.push(Splice { span: driver.content, text: class.into() });
        splices.push(Splice { span: lines, text: "".into() });
    } else {
        let between = &text[password.name.end..password.token.start];
        splices.push(Splice { span: password.name.start..password.token.end, text: format!("driver-class-name{between}{class}").into() });
    }
    Ok(Rewritten { splices, companions: jdbc::companions(file.path, region, file.tree)? })
}

/// What properties of a secret begin with.
fn prefix(reference: &Reference) -> String {
    reference.name.replace('/', ".") + "."
}

/// A property of the secret that [`together`] imports: a member, or the last part of the name of what is no JSON.
fn to_import(_: &File<'_>, place: &Place, wanted: &Wanted<'_>) -> Result<Rewritten, Manual> {
    only_aws(wanted, "Spring Cloud AWS")?;
    let reference = wanted.reference;
    let own = reference.key.as_deref().or_else(|| reference.name.rsplit('/').next()).unwrap_or_default();
    Ok(Rewritten { splices: vec![place.scalar.put(&format!("${{{}{own}}}", prefix(reference)))], companions: Vec::new() })
}

/// The imports that the places of a file need.
pub(super) fn together(file: &File<'_>, places: &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual> {
    let is_import = |(place, wanted): &&(Place, &Wanted<'_>)| {
        let drives = wanted.reference.key.as_deref() == Some("password") && Datasource::of(file, &place.scalar.decode.span).is_some();
        place.strategy == Strategy::Sdk && !drives
    };
    let mut documents: Vec<(Range<usize>, Vec<String>, usize)> = Vec::new();
    let mut in_region = None;
    for (place, wanted) in places.iter().filter(is_import) {
        in_region = region::of(wanted.reference)?;
        let at = place.scalar.token.start;
        let range = document(file.text, at);
        let location = format!("aws-secretsmanager:{}?prefix={}", wanted.reference.name, prefix(wanted.reference));
        match documents.iter_mut().find(|(known, ..)| *known == range) {
            Some((_, locations, _)) if locations.contains(&location) => {}
            Some((_, locations, _)) => locations.push(location),
            None => documents.push((range, vec![location], at)),
        }
    }
    let mut out = Rewritten::default();
    for (_, locations, first) in &documents {
        out.splices.push(import(file, &locations.join(","), *first)?);
        if let Some(region) = in_region {
            out.splices.extend(to_region(file, region, *first)?);
        }
    }
    if !documents.is_empty() {
        out.companions = library("io.awspring.cloud:spring-cloud-aws-starter-secrets-manager", "3.4.0", file.path, file.tree);
        out.companions.push(Companion::Advice(
            "Spring Cloud AWS 3 goes with Spring Boot 3, and reads secrets in the region of its environment (spring.cloud.aws.region.static sets another)"
                .to_owned(),
        ));
    }
    Ok(out)
}

/// The splice that has Spring Cloud AWS read secrets in a region, in the document around the first place; none where it does already.
fn to_region(file: &File<'_>, region: &str, first: usize) -> Result<Option<Splice>, Manual> {
    let all = settings(file, first);
    if let Some(known) = all.iter().find(|setting| setting.relaxed() == REGION) {
        let is_same = known.text(file.text) == region;
        return if is_same {
            Ok(None)
        } else {
            Err(manual(format!("{REGION} is another region already"), "migrate with --region of that, or replace it by hand"))
        };
    }
    let end = line_end(file.text);
    let is_yaml = !file.path.to_ascii_lowercase().ends_with(".properties");
    let at = if is_yaml { top_level(file, first)? } else { line_start(file.text, first) };
    Ok(Some(super::super::code::insert(at, format!("{REGION}{}{region}{end}", if is_yaml { ": " } else { "=" }))))
}

/// The start of the line of the last setting of a YAML document before `first` that is not indented.
fn top_level(file: &File<'_>, first: usize) -> Result<usize, Manual> {
    let (tree, range) = (yaml::parse(file.text)?, document(file.text, first));
    let pairs = pairs(tree.root_node(), file.text);
    let starts = pairs.iter().filter(|(_, pair)| pair.start_position().column == 0).map(|(_, pair)| pair.start_byte());
    let top = starts.filter(|start| *start <= first && range.contains(start)).max();
    top.filter(|top| line_start(file.text, *top) == *top).ok_or_else(unclear)
}

fn unclear() -> Manual {
    manual("the mapping of Spring's settings is not understood", "write it with one setting a line, then migrate again")
}

/// The splice that imports `locations` in the document around the first place.
fn import(file: &File<'_>, locations: &str, first: usize) -> Result<Splice, Manual> {
    let text = file.text;
    let all = settings(file, first);
    if let Some(known) = all.iter().find(|setting| setting.key == IMPORT) {
        return Ok(super::super::code::insert(known.content.end, format!(",{locations}")));
    }
    if all.iter().any(|setting| setting.key.starts_with(&format!("{IMPORT}["))) {
        return Err(listed());
    }
    let end = line_end(text);
    if file.path.to_ascii_lowercase().ends_with(".properties") {
        return Ok(super::super::code::insert(line_start(text, first), format!("{IMPORT}={locations}{end}")));
    }
    let tree = yaml::parse(text)?;
    let range = document(text, first);
    let pairs = pairs(tree.root_node(), text);
    let get = |key: &str| pairs.iter().find(|(known, pair)| known == key && range.contains(&pair.start_byte())).map(|(_, pair)| *pair);
    if get(IMPORT).is_some() {
        return Err(listed());
    }
    for (key, lines) in [("spring.config", vec!["import"]), ("spring", vec!["config", "import"])] {
        let Some(pair) = get(key) else { continue };
        let mapping = pair.child_by_field_name("value").and_then(yaml::mapping).filter(|mapping| mapping.kind() == "block_mapping");
        let head = mapping.and_then(|mapping| mapping.named_child(0)).ok_or_else(unclear)?;
        let start = line_start(text, head.start_byte());
        let indent = &text[start..head.start_byte()];
        if !indent.trim().is_empty() {
            return Err(unclear());
        }
        return Ok(super::super::code::insert(start, nested(indent, &lines, locations, end)));
    }
    let top = top_level(file, first)?;
    Ok(super::super::code::insert(top, nested("", &["spring", "config", "import"], locations, end)))
}

fn listed() -> Manual {
    manual("the file imports a list already", "write spring.config.import as one text with commas, then migrate again")
}

/// Keys one below the other, the last one with a value.
fn nested(indent: &str, keys: &[&str], value: &str, end: &str) -> String {
    let mut out = String::new();
    for (depth, key) in keys.iter().enumerate() {
        let value = if depth + 1 == keys.len() { format!(" \"{value}\"") } else { String::new() };
        out.extend([indent, &"  ".repeat(depth), key, ":", &value, end]);
    }
    out
}
