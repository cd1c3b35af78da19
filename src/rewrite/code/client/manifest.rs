//! Dependencies that generated helpers need, in the manifests of package managers. Owns: where a dependency is added. Must not: touch lock
//! files; package managers write those.

use super::super::{insert, line_end, line_start, next_line};
use super::{nearest, read};
use crate::rewrite::format::{json, xml};
use crate::rewrite::{Companion, Splice, Tree};

/// A library that a helper imports.
#[derive(Clone, Copy)]
pub(super) struct Dependency<'a> {
    pub name: &'static str,
    pub version: &'static str,
    /// The helper.
    pub of: &'a str,
}

impl Dependency<'_> {
    fn edit(&self, path: String, splice: Splice) -> Companion {
        Companion::Edit { path: path.into(), splice, why: format!("{} imports {}", self.of, self.name) }
    }

    /// For people, where there is no manifest to change.
    fn advice(&self) -> Companion {
        Companion::Advice(format!("add {} to the dependencies; {} imports it", self.name, self.of))
    }

    /// A line at the end of `requirements.txt`.
    pub fn requirements(&self, tree: &dyn Tree) -> Option<Companion> {
        let path = "requirements.txt";
        let Some(known) = read(tree, path) else { return Some(self.advice()) };
        (!known.contains(self.name)).then(|| self.edit(path.to_owned(), last_line(&known, &format!("{}{}", self.name, self.version))))
    }

    /// A member of the `dependencies` of the nearest `package.json`.
    pub fn package_json(&self, tree: &dyn Tree, path: &str) -> Vec<Companion> {
        let change = |text: &str| json_member(text, "dependencies", self);
        self.change(tree, path, "package.json", change, "npm, pnpm or yarn install writes the lock file")
    }

    /// A `require` of the nearest `go.mod`.
    pub fn go_mod(&self, tree: &dyn Tree, path: &str) -> Vec<Companion> {
        let change = |text: &str| {
            if text.contains(self.name) {
                return Change::Known;
            }
            let requirement = format!("{} {}", self.name, self.version);
            match text.find("require (") {
                Some(at) => Change::Add(insert(next_line(text, at), format!("\t{requirement}{}", line_end(text)))),
                None => Change::Add(last_line(text, &format!("{}require {requirement}", line_end(text)))),
            }
        };
        self.change(tree, path, "go.mod", change, "go mod tidy adds what it needs itself and writes go.sum")
    }

    /// A dependency of Maven or Gradle, whichever is nearer.
    pub fn maven_or_gradle(&self, tree: &dyn Tree, path: &str) -> Vec<Companion> {
        let names = ["pom.xml", "build.gradle.kts", "build.gradle"];
        let is_there = |folder: &str, name: &str| read(tree, &format!("{folder}{name}")).is_some();
        let name = super::upwards(path).find_map(|folder| names.into_iter().find(|name| is_there(folder, name)));
        let change = |text: &str| {
            let artifact = self.name.rsplit(':').next().unwrap_or_default();
            match name {
                _ if text.contains(artifact) => Change::Known,
                Some("pom.xml") => self.pom(text).map_or(Change::Unclear, Change::Add),
                _ => self.gradle(text).map_or(Change::Unclear, Change::Add),
            }
        };
        name.map_or_else(|| vec![self.advice()], |name| self.change(tree, path, name, change, "the next build fetches it"))
    }

    /// A line at the end of the nearest `Gemfile`.
    pub fn gemfile(&self, tree: &dyn Tree, path: &str) -> Vec<Companion> {
        let line = format!("gem \"{}\", \"{}\"", self.name, self.version);
        let change = |text: &str| if text.contains(self.name) { Change::Known } else { Change::Add(last_line(text, &line)) };
        self.change(tree, path, "Gemfile", change, "bundle install writes the lock file")
    }

    /// A reference of a C# project, beside its others.
    pub fn csproj(&self, tree: &dyn Tree, path: String, text: &str) -> Vec<Companion> {
        if text.contains(self.name) {
            return Vec::new();
        }
        // Where versions are kept in one file, none stands here.
        let kept = nearest(tree, &path, "Directory.Packages.props").is_some();
        let end = line_end(text);
        let entry = format!("<PackageReference Include=\"{}\" Version=\"{}\" />", self.name, self.version);
        let splice = match (text.find("<PackageReference "), text.rfind("</Project>")) {
            _ if kept => return vec![self.advice()],
            (Some(at), _) => insert(at, format!("{entry}{end}{}", &text[line_start(text, at)..at])),
            (None, Some(at)) => insert(at, format!("  <ItemGroup>{end}    {entry}{end}  </ItemGroup>{end}")),
            (None, None) => return vec![self.advice()],
        };
        vec![self.edit(path, splice), Companion::Advice(format!("install {}: the next build restores it", self.name))]
    }

    /// A line of the project's own `dependencies`.
    fn gradle(&self, text: &str) -> Option<Splice> {
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            at += line.len();
            let opens = line.strip_prefix("dependencies").is_some_and(|rest| rest.trim() == "{");
            if opens && line.ends_with('\n') {
                let code = format!("    implementation(\"{}:{}\"){}", self.name, self.version, line_end(text));
                return Some(insert(at, code));
            }
        }
        None
    }

    /// An element of the project's own `dependencies`.
    fn pom(&self, text: &str) -> Option<Splice> {
        let (group, artifact) = self.name.split_once(':')?;
        let end = line_end(text);
        let mut open: Vec<String> = Vec::new();
        for (tag, span) in xml::pieces(text) {
            let own = tag.starts_with("</") && open.first().is_some_and(|name| name == "project");
            let place = line_start(text, span.start);
            let indent = Some(&text[place..span.start]).filter(|indent| indent.trim().is_empty());
            let element = |unit: &str| {
                let deep = format!("{end}{unit}{unit}{unit}");
                let version = self.version;
                format!(
                    "{unit}{unit}<dependency>{deep}<groupId>{group}</groupId>{deep}<artifactId>{artifact}</artifactId>{deep}\
                     <version>{version}</version>{end}{unit}{unit}</dependency>{end}"
                )
            };
            if own && open.len() == 2 && tag == "</dependencies>" {
                let unit = indent.map(|indent| if indent.is_empty() { "  " } else { indent })?;
                return Some(insert(place, element(unit)));
            }
            if own && open.len() == 1 && indent.is_some() {
                let unit = "  ";
                return Some(insert(place, format!("{unit}<dependencies>{end}{}{unit}</dependencies>{end}", element(unit))));
            }
            follow(&mut open, &tag);
        }
        None
    }

    /// A change to the nearest manifest of this name, and what has to be done after it.
    fn change(&self, tree: &dyn Tree, path: &str, name: &str, change: impl Fn(&str) -> Change, then: &str) -> Vec<Companion> {
        let Some((path, text)) = nearest(tree, path, name) else { return vec![self.advice()] };
        match change(&text) {
            Change::Add(splice) => vec![self.edit(path, splice), Companion::Advice(format!("install {}: {then}", self.name))],
            Change::Known => Vec::new(),
            Change::Unclear => vec![self.advice()],
        }
    }
}

/// The one C# project in the nearest folder of a path that has any, with its text.
pub(super) fn project(tree: &dyn Tree, path: &str) -> Option<(String, String)> {
    let all: Vec<String> = tree.named(&["*.csproj"]).into_iter().map(|path| path.to_string()).collect();
    let here = |home: &str| all.iter().filter(|path| super::folder(path) == home).collect::<Vec<_>>();
    let found = super::upwards(path).map(here).find(|found| !found.is_empty())?;
    let [project] = found.as_slice() else { return None };
    Some(((*project).clone(), read(tree, project)?))
}

/// What a manifest needs.
enum Change {
    Known,
    Add(Splice),
    Unclear,
}

/// The elements that are open after a tag.
fn follow(open: &mut Vec<String>, tag: &str) {
    let name = tag.trim_start_matches('<').split(|character: char| !(character.is_alphanumeric() || "-_.:".contains(character))).next();
    match tag.as_bytes() {
        [] | [_, b'!' | b'?', ..] | [.., b'/', b'>'] => {}
        [_, b'/', ..] => drop(open.pop()),
        _ => open.extend(name.map(str::to_owned)),
    }
}

/// A line after the last one.
fn last_line(text: &str, line: &str) -> Splice {
    let end = line_end(text);
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    insert(text.len(), format!("{gap}{line}{end}"))
}

/// A member for a section of a JSON manifest, among the others in the order of their names.
fn json_member(text: &str, section: &str, dependency: &Dependency<'_>) -> Change {
    json_place(text, section, dependency).unwrap_or(Change::Unclear)
}

fn json_place(text: &str, section: &str, dependency: &Dependency<'_>) -> Option<Change> {
    let tree = json::parse(text).ok()?;
    let root = tree.root_node();
    let object = root.named_child(0).filter(|node| node.kind() == "object" && !root.has_error())?;
    let sections = json::members(object, text);
    let entry = format!("\"{}\": \"{}\"", dependency.name, dependency.version);
    let end = line_end(text);
    let Some((_, of_section, _)) = sections.iter().find(|(key, ..)| *key == section) else {
        let (.., last) = sections.last()?;
        let indent = &text[line_start(text, last.start_byte())..last.start_byte()];
        let code = if indent.trim().is_empty() {
            format!(",{end}{indent}\"{section}\": {{{end}{indent}{indent}{entry}{end}{indent}}}")
        } else {
            format!(", \"{section}\": {{ {entry} }}")
        };
        return Some(Change::Add(insert(last.end_byte(), code)));
    };
    let known = json::members(*of_section, text);
    if known.iter().any(|(key, ..)| *key == dependency.name) {
        return Some(Change::Known);
    }
    let Some((_, _, first)) = known.first() else {
        return Some(Change::Add(insert(of_section.start_byte() + 1, entry)));
    };
    // As the others stand: each on a line of its own, or one after the other.
    let lead = &text[of_section.start_byte() + 1..first.start_byte()];
    let lead = if lead.is_empty() { " " } else { lead };
    let later = known.iter().find(|(key, ..)| *key > dependency.name);
    Some(Change::Add(match later {
        Some((_, _, next)) => insert(next.start_byte(), format!("{entry},{lead}")),
        None => insert(known.last()?.2.end_byte(), format!(",{lead}{entry}")),
    }))
}
