//! Which bytes of which files change. Owns: asking rewriters, variables and `.unleak.env`, what goes with a rewritten file. Must not: choose
//! names or write files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bstr::{BString, ByteSlice};
use rayon::prelude::*;

use super::edits::{self, Moved};
use super::filters::Filters;
use super::group::{Group, URL};
use super::inventory::{DiskTree, FileText, Inventory, Spot};
use super::key::PlanKey;
use super::known::Known;
use super::make::Ground;
use super::plan::{Edit, ManualPlace, PlannedFile, PlannedPlace, Tracked};
use super::variables::{self, Variables};
use super::{diff, name, target};
use crate::finding::Place;
use crate::reference::Reference;
use crate::rewrite::encoding::{FileEncoding, Text};
use crate::rewrite::format::variables as settings;
use crate::rewrite::{Companion, Field, Manual, Rewritten, Spelled, Splice, Strategy, Tree as _, Wanted};
use crate::source::git::checkout::{Checkout, FileState};

/// The file of variables and their references, at the root.
pub const ENV_FILE: &str = ".unleak.env";
/// Its first line.
const ENV_HEAD: &str = "# References to secrets, for `unleak run --env-file .unleak.env -- COMMAND`. It holds no values.\n";

/// A group and what it is called.
pub struct Named {
    /// The secret, without a key.
    pub reference: Reference,
    /// Environment, or nothing.
    pub environment: String,
    /// Application.
    pub application: String,
    /// What the file of its best place is called, where a name that says nothing goes after that.
    pub home: Option<String>,
}

/// The work on files.
pub struct Work<'a> {
    /// The tree.
    pub ground: &'a Ground<'a>,
    /// Its places.
    pub inventory: &'a Inventory,
    /// Secrets to be.
    pub groups: &'a [Group],
    /// Their names, in the same order.
    pub named: &'a [Named],
    /// All values of the report, which must not stand in a plan.
    pub values: &'a Known<'a>,
    /// The plan's key.
    pub key: &'a PlanKey,
    /// What git makes of files.
    pub filters: &'a Filters<'a>,
    /// Places for people.
    pub manual: Vec<ManualPlace>,
}

/// What changes.
pub struct Changes {
    /// Files in order of their paths.
    pub files: Vec<PlannedFile>,
    /// What people have to do besides.
    pub todo: Vec<String>,
}

/// A file under way.
#[derive(Default)]
struct Change {
    /// The bytes of the file; none: it does not exist.
    before: Option<Vec<u8>>,
    encoding: Option<FileEncoding>,
    edits: Vec<Edit>,
    secrets: BTreeSet<String>,
    places: Vec<PlannedPlace>,
    spans: Vec<std::ops::Range<usize>>,
}

/// A spot, where it leads and by which variable.
struct Aim<'s> {
    spot: &'s Spot,
    reference: Reference,
    variable: String,
    /// Where the fields are that it puts together.
    fields: Vec<Field>,
}

impl Aim<'_> {
    /// The values there: that of the whole literal, or its fields.
    fn moved(&self) -> Vec<Moved<'_>> {
        let located = &self.spot.located;
        match &located.composed {
            Ok(spelled) if !self.fields.is_empty() => {
                let moved = spelled.iter().zip(&self.fields).map(|(Spelled { span, spelling, .. }, Field { reference, .. })| Moved {
                    span: span.clone(),
                    spelling,
                    reference,
                });
                moved.collect()
            }
            _ => vec![Moved { span: located.span.clone(), spelling: &located.spelling, reference: &self.reference }],
        }
    }

    /// How the place refers to its secret, and why, once it was rewritten with these companions.
    fn form(&self, companions: &[Companion]) -> (Strategy, String) {
        let located = &self.spot.located;
        let instead = companions.iter().find_map(|companion| match companion {
            Companion::Instead { span, strategy, reason } if *span == located.span => Some((*strategy, reason)),
            _ => None,
        });
        let (strategy, reason) = instead.unwrap_or((located.strategy, &located.reason));
        let reason = match &located.composed {
            _ if !self.fields.is_empty() => format!("{reason}; the URL is put together from its fields"),
            Err(why) if self.reference.key.as_deref() == Some(URL) => format!("{reason}; the URL stays whole: {why}"),
            _ => reason.clone(),
        };
        (strategy, reason)
    }
}

/// All files under way.
struct State {
    changes: BTreeMap<String, Change>,
    /// Variables that the file has already, and what they are set to.
    known: BTreeMap<String, String>,
    /// Variables of this plan.
    variables: BTreeMap<String, Reference>,
    todo: BTreeSet<String>,
}

impl<'a> Work<'a> {
    /// The changes to all files.
    pub fn rewrite(&mut self, tree: &DiskTree) -> Changes {
        let existing = tree.read(ENV_FILE.into());
        let known = variables::lines(existing.as_deref().unwrap_or_default())
            .map(|(name, reference)| (name.to_owned(), reference.to_owned()))
            .collect();
        let mut state = State { changes: BTreeMap::new(), known, variables: BTreeMap::new(), todo: BTreeSet::new() };
        let aims = self.aims(&state.known, tree);
        let mut of_files: Vec<Vec<&Aim<'_>>> = vec![Vec::new(); self.inventory.files.len()];
        for aim in &aims {
            of_files[aim.spot.file].push(aim);
        }
        for of_file in &mut of_files {
            of_file.sort_by_key(|aim| aim.spot.located.span.start);
        }
        // What a rewriter makes of one file depends on no other.
        let rewritten: Vec<_> = self.inventory.files.par_iter().zip(&of_files).map(|(file, aims)| ask(file, aims, tree)).collect();
        for ((file, of_file), together) in self.inventory.files.iter().zip(of_files).zip(rewritten) {
            if let Err(manual) = self.file(file, of_file.clone(), together, tree, &mut state) {
                for aim in of_file {
                    self.leave(file, aim, &manual);
                }
            }
        }
        env_file(existing, &mut state);
        let files = std::mem::take(&mut state.changes);
        Changes {
            files: files.into_par_iter().map(|(path, change)| self.planned(path, change)).collect(),
            todo: state.todo.into_iter().collect(),
        }
    }

    /// The variables that files of the tree set.
    fn set(&self, tree: &DiskTree) -> BTreeSet<String> {
        let paths = self.ground.paths.iter().filter(|path| path.as_slice() != ENV_FILE.as_bytes());
        let names = |path: &BString| {
            let (name, text) = (path.to_str().ok()?, || String::from_utf8(tree.read(path.as_ref())?).ok());
            name.contains("env").then(text)?.map(|text| settings::set_in(name, &text))
        };
        paths.filter_map(names).flatten().collect()
    }

    /// Where each spot leads. One reference has one variable everywhere, and a variable one reference.
    fn aims(&self, known: &BTreeMap<String, String>, tree: &DiskTree) -> Vec<Aim<'a>> {
        let inventory: &'a Inventory = self.inventory;
        let mut variables = Variables::new(known, self.set(tree));
        let mut aims = Vec::new();
        for (group, named) in self.groups.iter().zip(self.named) {
            for (number, key) in &group.spots {
                let mut reference = named.reference.clone();
                reference.key.clone_from(key);
                let spots = || group.spots.iter().filter(|(_, other)| other == key).map(|(spot, _)| &inventory.spots[*spot].located);
                let read = || spots().find_map(|located| located.variable.clone());
                let wanted = || {
                    let wanted = spots().find_map(|located| located.name.clone());
                    // A file of variables calls them itself.
                    let of_file = spots().any(|located| located.rewriter.ends_with("env"));
                    match wanted {
                        Some(wanted) if of_file => wanted,
                        Some(wanted) => name::telling(&wanted, named.home.as_deref()),
                        None => reference.name.rsplit('/').next().unwrap_or_default().to_owned(),
                    }
                };
                let is_own = |name: &str| spots().any(|located| located.name.as_deref() == Some(name) && located.rewriter.ends_with("env"));
                let variable = variables.of(&reference, read, wanted, is_own);
                let spot = &inventory.spots[*number];
                let field = |name: &'static str| {
                    let reference = named.reference.clone().with_key(name);
                    let variable =
                        variables.of(&reference, || None, || format!("{}_{name}", group.what.as_ref().unwrap_or(&variable)), |_| false);
                    Field { name, reference, variable }
                };
                let composed = spot.located.composed.iter().flatten().map(|spelled| spelled.name);
                let fields = if group.composed.contains(number) { composed.map(field).collect() } else { Vec::new() };
                aims.push(Aim { spot, reference, variable, fields });
            }
        }
        aims
    }

    /// Leaves a spot to people: each finding in it, by the line on which it stands.
    fn leave(&mut self, file: &FileText, aim: &Aim<'_>, manual: &Manual) {
        let span = &aim.spot.located.span;
        let lines = file.line(span.start) as u64..=file.line(span.end) as u64;
        let findings = || aim.spot.findings.iter().map(|&finding| &self.ground.report.findings[finding]);
        let is_here = |place: &&Place| place.origin.path() == file.path.as_str() && lines.contains(&place.start.line);
        let mut places: Vec<(u64, String)> = findings()
            .flat_map(|finding| finding.places.iter().filter(is_here).map(|place| (place.start.line, finding.fingerprint.to_string())))
            .collect();
        if places.is_empty() {
            let fingerprint = findings().next().map(|finding| finding.fingerprint.to_string());
            places.push((file.line(aim.spot.look.start) as u64, fingerprint.unwrap_or_default()));
        }
        self.manual.extend(places.into_iter().map(|(line, finding)| ManualPlace {
            path: file.path.clone(),
            line,
            finding,
            reason: manual.reason.clone(),
            advice: manual.advice.clone(),
        }));
    }

    /// Rewrites a file; places that cannot be rewritten with the others are left to people.
    fn file(
        &mut self,
        file: &FileText,
        mut aims: Vec<&Aim<'_>>,
        together: Result<Rewritten, Manual>,
        tree: &DiskTree,
        state: &mut State,
    ) -> Result<(), Manual> {
        let all = aims.len();
        aims = self.without_clashes(file, aims, state);
        let together = match together {
            Ok(rewritten) if aims.len() == all => rewritten,
            Err(manual) if all == 1 => return Err(manual),
            _ => {
                aims = self.able(file, aims, tree);
                if aims.is_empty() {
                    return Ok(());
                }
                ask(file, &aims, tree)?
            }
        };
        let moved: Vec<Moved<'_>> = aims.iter().flat_map(|aim| aim.moved()).collect();
        let by_hand = |reason: String| Manual { reason, advice: "replace the value by a reference by hand".to_owned() };
        let mut edits = edits::of(&file.bytes, &together.splices, &moved, self.values).map_err(by_hand)?;
        let of_arn = |companion: &'_ Companion| if let Companion::Arn(secret) = companion { Some(secret.clone()) } else { None };
        let unknown: Vec<String> = together.companions.iter().filter_map(of_arn).collect();
        for edit in &mut edits {
            edit.arns = edits::arns(&edit.new, &unknown);
        }
        if edits::applied(&file.raw, file.encoding, &edits).is_none() {
            return Err(Manual {
                reason: "the file's encoding lacks a character of the new text".to_owned(),
                advice: "save it as UTF-8 first".to_owned(),
            });
        }
        let secrets: BTreeSet<String> = aims.iter().map(|aim| aim.reference.name.clone()).collect();
        self.companions(&together.companions, &secrets, tree, state)?;
        let change = state.changes.entry(file.path.clone()).or_default();
        change.before = Some(file.raw.clone());
        change.encoding = Some(file.encoding);
        change.edits.extend(edits);
        change.secrets.extend(secrets);
        change.spans.extend(file.secrets.iter().cloned().chain(aims.iter().map(|aim| aim.spot.located.span.clone())));
        change.places.extend(aims.iter().map(|aim| {
            let (strategy, reason) = aim.form(&together.companions);
            PlannedPlace { line: file.line(aim.spot.located.span.start), reference: aim.reference.to_string(), strategy, reason }
        }));
        Ok(())
    }

    /// The places but for those that read a variable already which means another secret elsewhere: these are left to people.
    fn without_clashes<'r, 'v>(&mut self, file: &FileText, aims: Vec<&'r Aim<'v>>, state: &State) -> Vec<&'r Aim<'v>> {
        let other = |aim: &&Aim<'_>| aim.spot.located.variable.clone().filter(|name| state.is_other(name, &aim.reference));
        for (aim, name) in aims.iter().filter_map(|aim| Some((aim, other(aim)?))) {
            self.leave(file, aim, &taken(&name));
        }
        aims.into_iter().filter(|aim| other(aim).is_none()).collect()
    }

    /// The places that can be rewritten together, the first ones first; the others are left to people.
    fn able<'r, 'v>(&mut self, file: &FileText, aims: Vec<&'r Aim<'v>>, tree: &DiskTree) -> Vec<&'r Aim<'v>> {
        let mut alone = Vec::new();
        for aim in aims {
            match ask(file, &[aim], tree) {
                Ok(_) => alone.push(aim),
                Err(manual) => self.leave(file, aim, &manual),
            }
        }
        if ask(file, &alone, tree).is_ok() {
            return alone;
        }
        let mut able = Vec::new();
        for aim in alone {
            able.push(aim);
            if let Err(manual) = ask(file, &able, tree) {
                able.pop();
                self.leave(file, aim, &manual);
            }
        }
        able
    }

    /// What goes with a rewritten file. Nothing is taken over unless all of it can be.
    fn companions(&self, companions: &[Companion], secrets: &BTreeSet<String>, tree: &DiskTree, state: &mut State) -> Result<(), Manual> {
        let by_hand = |reason: String, advice: &str| Manual { reason, advice: advice.to_owned() };
        for companion in companions {
            match companion {
                Companion::NewFile { path, content } => {
                    self.can_be_written(tree, path.as_bstr())?;
                    let other = tree.read(path.as_bstr()).is_some_and(|existing| existing != content.as_slice());
                    let clash = state.changes.get(&path.to_string()).is_some_and(|change| !creates(change, content));
                    if other || clash || content.to_str().is_err() {
                        return Err(by_hand(format!("{path} exists with other content"), "add the helper's function to it by hand"));
                    }
                }
                Companion::Variable { name, reference } => {
                    self.can_be_written(tree, ENV_FILE.into())?;
                    if state.is_other(name, reference) {
                        return Err(taken(name));
                    }
                }
                _ => {}
            }
        }
        for companion in companions {
            match companion {
                Companion::Variable { name, reference } => drop(state.variables.insert(name.clone(), reference.clone())),
                Companion::Advice(advice) => drop(state.todo.insert(advice.clone())),
                Companion::NewFile { path, content } if tree.read(path.as_bstr()).is_none() => {
                    let change = state.changes.entry(path.to_string()).or_default();
                    if change.edits.is_empty() {
                        change.edits.push(added(0, content.to_string(), None));
                    }
                    change.secrets.extend(secrets.iter().cloned());
                }
                Companion::NewFile { .. } | Companion::Arn(_) | Companion::Instead { .. } => {}
                Companion::Edit { path, splice, why } => self.edit_beside(path, splice, why, secrets, tree, state),
            }
        }
        Ok(())
    }

    /// Whether a file that goes with others can be written.
    fn can_be_written(&self, tree: &DiskTree, path: &bstr::BStr) -> Result<(), Manual> {
        let reason = |reason: String| target::by_hand(format!("{path}, which goes with it, is not touched: {reason}"));
        let path = path.to_str().map_err(|_| reason("its path is no UTF-8".to_owned()))?;
        if tree.read(path.into()).is_some() {
            self.filters.leave(tree, path).map_err(|manual| reason(manual.reason))?;
        }
        target::writable(&self.ground.root, path, Some(self.new_folders(path))).map(drop).map_err(reason)
    }

    /// The number of folders that come with a file.
    fn new_folders(&self, path: &str) -> usize {
        Path::new(path).ancestors().skip(1).take_while(|folder| !self.ground.root.join(folder).exists()).count()
    }

    /// A change to another file, such as a manifest; told to people where it does not go with the others.
    fn edit_beside(&self, path: &BString, splice: &Splice, why: &str, secrets: &BTreeSet<String>, tree: &DiskTree, state: &mut State) {
        let bytes = tree.read(path.as_bstr()).filter(|bytes| std::str::from_utf8(bytes).is_ok());
        let bytes = bytes.filter(|_| self.can_be_written(tree, path.as_bstr()).is_ok());
        let edit = bytes.as_ref().and_then(|bytes| edits::of(bytes, std::slice::from_ref(splice), &[], self.values).ok());
        let (Some(bytes), Some(edit), Ok(path)) = (bytes, edit, path.to_str()) else {
            state.todo.insert(format!("{path}: {why}"));
            return;
        };
        let change = state.changes.entry(path.to_owned()).or_default();
        change.before = Some(bytes);
        change.secrets.extend(secrets.iter().cloned());
        for edit in edit {
            let overlaps = change.edits.iter().any(|other| other.start < edit.end && edit.start < other.end);
            if overlaps && !change.edits.contains(&edit) {
                state.todo.insert(format!("{path}: {why}"));
            } else if !change.edits.contains(&edit) {
                change.edits.push(edit);
            }
        }
    }

    fn planned(&self, path: String, mut change: Change) -> PlannedFile {
        change.edits.sort_by_key(|edit| (edit.start, edit.end));
        let bytes = change.before.as_deref().unwrap_or_default();
        let encoding = change.encoding.unwrap_or(FileEncoding::Utf8);
        let after = edits::applied(bytes, encoding, &change.edits).expect("because the edits were made for this text");
        let text = change.before.as_deref().map(|bytes| Text::new(bytes).map_or_else(|_| bytes.to_vec(), |text| text.utf8().to_vec()));
        let splices: Vec<Splice> = change.edits.iter().map(|edit| Splice { span: edit.span(), text: edit.new.as_str().into() }).collect();
        let state =
            self.ground.checkout.map_or(FileState::Untracked, |checkout| Checkout::state(checkout, path.as_bytes().as_bstr(), bytes));
        PlannedFile {
            before: change.before.as_deref().map(|bytes| self.key.of_file(bytes)),
            after: self.key.of_file(&after),
            tracked: if state == FileState::Untracked { Tracked::No } else { Tracked::Yes },
            new_folders: self.new_folders(&path),
            secrets: change.secrets.into_iter().collect(),
            places: change.places,
            encoding,
            diff: diff::unified(&path, text.as_deref(), &splices, &change.spans, self.values),
            edits: change.edits,
            path,
        }
    }
}

/// The lines of `.unleak.env` that are not there yet.
fn env_file(existing: Option<Vec<u8>>, state: &mut State) {
    let fresh: Vec<_> = state.variables.iter().filter(|(name, _)| !state.known.contains_key(*name)).collect();
    if fresh.is_empty() {
        return;
    }
    let end = existing.as_ref().map_or(0, Vec::len);
    let head = match &existing {
        None => ENV_HEAD,
        Some(existing) if existing.is_empty() || existing.ends_with(b"\n") => "",
        Some(_) => "\n",
    };
    let head = (!head.is_empty()).then(|| added(end, head.to_owned(), None));
    let line = |(name, reference): &(&String, &Reference)| added(end, format!("{name}={reference}\n"), Some(reference.name.clone()));
    let change = Change {
        secrets: fresh.iter().map(|(_, reference)| reference.name.clone()).collect(),
        edits: head.into_iter().chain(fresh.iter().map(line)).collect(),
        before: existing,
        ..Change::default()
    };
    state.changes.insert(ENV_FILE.to_owned(), change);
}

fn taken(variable: &str) -> Manual {
    let reason = format!("the variable {variable} refers to another secret already");
    Manual { reason, advice: "give one of the two another name".to_owned() }
}

/// Text that comes in at a byte.
const fn added(at: usize, new: String, about: Option<String>) -> Edit {
    Edit { start: at, end: at, old: Vec::new(), new, about, arns: Vec::new() }
}

fn creates(change: &Change, content: &BString) -> bool {
    change.before.is_none() && change.edits.len() == 1 && change.edits[0].new.as_bytes() == content.as_slice()
}

/// Asks the rewriter, and has it verify what it did.
fn ask(file: &FileText, aims: &[&Aim<'_>], tree: &DiskTree) -> Result<Rewritten, Manual> {
    let wanted: Vec<Wanted<'_>> = aims
        .iter()
        .map(|aim| Wanted { located: &aim.spot.located, reference: &aim.reference, variable: &aim.variable, fields: &aim.fields })
        .collect();
    let rewritten = file.rewriter.rewrite(file.source(), &wanted, tree)?;
    let after = crate::rewrite::splice(&file.bytes, &rewritten.splices);
    file.rewriter.verify(file.source(), &after, &rewritten.splices)?;
    Ok(rewritten)
}

impl State {
    /// Whether the variable means another secret already.
    fn is_other(&self, name: &str, reference: &Reference) -> bool {
        self.variables.get(name).is_some_and(|known| known != reference)
            || self.known.get(name).is_some_and(|known| *known != reference.to_string())
    }
}
