//! The set of patterns of a scan. Owns: decoding a pattern and compiling it on first use, the anchor filter. Must not: scan.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bstr::BStr;
use regex::bytes::RegexSet;
use sha2::{Digest, Sha256};

use super::anchors;
use super::exception::{self, Exception};
use super::schema::{self, Pattern, ProviderFile};
use super::toml_error::TomlError;
use crate::detect::learned::model::Model;
use crate::detect::prefilter::{Literal, Needs, Prefilter};
use crate::detect::rule::{Rule, RuleError};

mod builtin {
    #![expect(clippy::unreadable_literal, reason = "numbers that the build script writes")]
    include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));
    pub static RECORDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/patterns.bin"));
}

/// Index of a pattern in its catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatternIndex(pub u16);

/// The patterns of a scan. A built-in pattern is decoded and compiled when its anchor is first seen.
#[derive(Debug)]
pub struct Catalogue {
    prefilter: Prefilter,
    /// Number of literals whose targets are the built-in ones.
    builtin_literals: usize,
    /// Targets of the literals that follow those.
    own_targets: Vec<Vec<u16>>,
    entries: Vec<Entry>,
    own_ids: BTreeMap<String, PatternIndex>,
    /// The learned judge; read when it is first asked.
    model: OnceLock<Model>,
}

#[derive(Debug, Default)]
struct Entry {
    /// The pattern; filled on first use for built-in ones.
    pattern: OnceLock<Arc<Pattern>>,
    rule: OnceLock<Rule>,
    /// Where the pattern looks; none: everywhere.
    paths: Option<RegexSet>,
    /// Whether matches are wanted: not disabled, and enabled where it is opt-in.
    off: bool,
}

/// A literal as a key: its bytes, whether case counts for nothing, what may follow.
type Anchor = (Vec<u8>, bool, Needs);

/// What a file adds to a catalogue.
#[derive(Debug, Default)]
struct Added {
    entries: Vec<Entry>,
    ids: BTreeMap<String, PatternIndex>,
    /// Targets by literal.
    targets: BTreeMap<Anchor, Vec<u16>>,
}

impl Added {
    /// Compiles a pattern; `next` is its place in the catalogue.
    fn pattern(&mut self, pattern: Pattern, next: usize) -> Result<(), RuleError> {
        let rule = Rule::compile(&pattern.def)?;
        let index = u16::try_from(next).ok().filter(|&index| index < anchors::DETECTOR).ok_or(RuleError::TooMany)?;
        let paths = Some(exception::expressions(&pattern.def.paths).map_err(RuleError::Paths)?).filter(|paths| !paths.is_empty());
        for allow in &pattern.def.allow {
            Exception::compile(allow).map_err(RuleError::Allow)?;
        }
        for (literal, target) in anchors::of_pattern(&pattern.def, index)? {
            let targets = self.targets.entry((literal.bytes, literal.ignore_case, literal.needs)).or_default();
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        self.ids.insert(pattern.def.id.clone(), PatternIndex(index));
        let off = pattern.def.opt_in;
        self.entries.push(Entry { pattern: Arc::new(pattern).into(), rule: rule.into(), paths, off });
        Ok(())
    }
}

/// Why a catalogue cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file of patterns is not in the schema.
    #[error("{file}:{source}")]
    Schema {
        /// The file's name as given.
        file: String,
        /// Where and why, without text of the file.
        source: TomlError,
    },
    /// A pattern has a shape, anchor or expression that cannot be compiled.
    #[error("pattern {id}: {source}")]
    Rule {
        /// The pattern.
        id: String,
        /// What is wrong with it.
        source: RuleError,
    },
    /// A pattern has an id that exists already.
    #[error("pattern {0}: there is another one with this id")]
    Duplicate(String),
    /// More than 255 anchors share four bytes.
    #[error("too many patterns have anchors that are alike: at most 255 can share four bytes")]
    Alike,
    /// A pattern was named that does not exist.
    #[error("there is no pattern {0} (`unleak patterns list` shows all)")]
    Unknown(String),
}

impl Catalogue {
    /// The patterns that come with the library.
    #[must_use]
    pub fn builtin() -> Self {
        let entries = std::iter::repeat_with(Entry::default).take(builtin::IDS.len()).collect();
        let mut catalogue = Self {
            prefilter: Prefilter::from_tables(&builtin::FILTER),
            builtin_literals: builtin::FILTER.starts.len() - 1,
            own_targets: Vec::new(),
            entries,
            own_ids: BTreeMap::new(),
            model: OnceLock::new(),
        };
        for &index in builtin::OPT_IN {
            catalogue.entries[usize::from(index)].off = true;
        }
        catalogue
    }

    /// The built-in patterns with these ids; no others are looked for, and what they need costs nothing. Unlike that of
    /// [`Catalogue::builtin`], the filter is built here, which takes milliseconds.
    ///
    /// # Errors
    /// [`CatalogueError::Unknown`] for an id that no pattern has.
    pub fn of(ids: &[&str]) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::builtin();
        catalogue.entries.iter_mut().for_each(|entry| entry.off = true);
        for id in ids {
            catalogue.set_enabled(id, true)?;
        }
        let wanted = catalogue.indices().filter(|&index| catalogue.is_enabled(index));
        let table = anchors::table(wanted.map(|index| (usize::from(index.0), &catalogue.pattern(index).def)))
            .expect("because the tests compile every built-in pattern");
        catalogue.prefilter = Prefilter::new(&table.literals);
        catalogue.builtin_literals = 0;
        catalogue.own_targets = table.targets;
        Ok(catalogue)
    }

    /// Adds the patterns of a file in the same schema. `file` is its name, for messages.
    ///
    /// # Errors
    /// Text that is not in the schema, a rule that does not compile, or an id that exists.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), CatalogueError> {
        let parsed = schema::parse(text)
            .map_err(|source| CatalogueError::Schema { file: file.to_owned(), source: TomlError::new(text, &source) })?;
        self.add_parsed(parsed)
    }

    /// Adds the patterns of a file that is parsed already.
    ///
    /// # Errors
    /// As [`Catalogue::add`]; the catalogue is then as it was.
    pub fn add_parsed(&mut self, parsed: ProviderFile) -> Result<(), CatalogueError> {
        let mut added = Added::default();
        for pattern in parsed.into_patterns() {
            let id = pattern.def.id.clone();
            let next = self.entries.len() + added.entries.len();
            if self.index_of(&id).is_some() || added.ids.contains_key(&id) {
                return Err(CatalogueError::Duplicate(id));
            }
            added.pattern(pattern, next).map_err(|source| CatalogueError::Rule { id, source })?;
        }
        let (literals, targets): (Vec<Literal>, Vec<Vec<u16>>) = (added.targets.into_iter())
            .map(|((bytes, ignore_case, needs), targets)| (Literal { bytes, ignore_case, needs }, targets))
            .unzip();
        self.prefilter = self.prefilter.extended(&literals).ok_or(CatalogueError::Alike)?;
        self.own_targets.extend(targets);
        self.own_ids.extend(added.ids);
        self.entries.extend(added.entries);
        Ok(())
    }

    /// Switches a pattern on or off.
    ///
    /// # Errors
    /// [`CatalogueError::Unknown`] where no pattern has the id.
    pub fn set_enabled(&mut self, id: &str, enabled: bool) -> Result<(), CatalogueError> {
        let index = self.index_of(id).ok_or_else(|| CatalogueError::Unknown(id.to_owned()))?;
        self.entries[usize::from(index.0)].off = !enabled;
        Ok(())
    }

    /// Names the set of patterns: another set has another digest.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new_with_prefix(builtin::RECORDS);
        for index in self.indices().skip(builtin::IDS.len()) {
            digest.update(postcard::to_allocvec(&**self.pattern(index)).expect("because a pattern is plain data"));
        }
        self.entries.iter().for_each(|entry| digest.update([u8::from(entry.off)]));
        digest.finalize().into()
    }

    /// Number of patterns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no patterns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All indices, in order of id for the built-in ones, then as added.
    pub fn indices(&self) -> impl Iterator<Item = PatternIndex> + use<> {
        (0..self.entries.len()).map(|index| PatternIndex(u16::try_from(index).expect("because a catalogue has fewer than 61,000 patterns")))
    }

    /// The pattern with this id.
    #[must_use]
    pub fn index_of(&self, id: &str) -> Option<PatternIndex> {
        match builtin::IDS.binary_search(&id) {
            Ok(index) => Some(PatternIndex(u16::try_from(index).expect("because a catalogue has fewer than 61,000 patterns"))),
            Err(_) => self.own_ids.get(id).copied(),
        }
    }

    /// Whether matches of the pattern are reported.
    #[must_use]
    pub fn is_enabled(&self, index: PatternIndex) -> bool {
        !self.entries[usize::from(index.0)].off
    }

    /// Whether some pattern looks into certain paths only.
    #[must_use]
    pub fn is_limited_to_paths(&self) -> bool {
        self.entries.iter().any(|entry| entry.paths.is_some())
    }

    /// Whether the pattern looks into content with this path.
    #[must_use]
    pub fn looks_into(&self, index: PatternIndex, path: &BStr) -> bool {
        self.entries[usize::from(index.0)].paths.as_ref().is_none_or(|paths| paths.is_match(path))
    }

    /// A pattern's data.
    #[must_use]
    pub fn pattern(&self, index: PatternIndex) -> &Arc<Pattern> {
        self.entries[usize::from(index.0)].pattern.get_or_init(|| {
            let [start, end] = [0, 1].map(|next| builtin::OFFSETS[usize::from(index.0) + next] as usize);
            Arc::new(postcard::from_bytes(&builtin::RECORDS[start..end]).expect("because the build script wrote the record"))
        })
    }

    /// A pattern's compiled rule.
    #[must_use]
    pub fn rule(&self, index: PatternIndex) -> &Rule {
        self.entries[usize::from(index.0)]
            .rule
            .get_or_init(|| Rule::compile(&self.pattern(index).def).expect("because the tests compile every built-in pattern"))
    }

    /// The learned judge of what no pattern knows.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.model.get_or_init(Model::builtin)
    }

    /// Judges with another model.
    pub fn set_model(&mut self, model: Model) {
        self.model = OnceLock::from(model);
    }

    /// The filter over the anchors of all patterns.
    #[must_use]
    pub const fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// What to run where anchor `literal` stands: pattern indices and the targets of [`anchors`].
    #[must_use]
    pub fn targets(&self, literal: usize) -> &[u16] {
        if let Some(own) = literal.checked_sub(self.builtin_literals) {
            &self.own_targets[own]
        } else {
            let [start, end] = [literal, literal + 1].map(|at| builtin::TARGET_STARTS[at] as usize);
            &builtin::TARGETS[start..end]
        }
    }
}
