//! Lossless rewriting of source and configuration: a credential's literal becomes a reference. Owns: the one editor (byte-range splices),
//! the choice of rewriter by file, and what rewriters and migration say to each other. Must not: write files, ask a store, name secrets.
//!
//! ```text
//! finding's span ─locate─► Located {value, spelling} ─migrate names it─► Wanted {reference, variable} ─rewrite─► Splice … ─verify
//! ```
//! A rewriter finds the literal with a parser, replaces bytes, and checks with the parser that nothing else changed. Nothing is ever printed
//! back from a parsed form: byte order marks, line ends, comments, indentation and encoding stay. What it does not understand is [`Manual`].

pub mod code;
pub mod encoding;
pub mod format;
pub mod literal;
pub mod spelling;

use std::ops::Range;

use bstr::{BStr, BString};

use crate::reference::Reference;
use crate::secret::Secret;

/// A file to rewrite.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Path below the root, with `/`.
    pub path: &'a BStr,
    /// Its bytes as UTF-8; files in other encodings are converted before, and edited in their own encoding after.
    pub bytes: &'a [u8],
}

/// What rewriters may ask about the rest of the tree, to choose between forms (is there a Helmfile, which SDK is used, which manifest).
pub trait Tree {
    /// The content of a file below the root, if there is one.
    fn read(&self, path: &BStr) -> Option<Vec<u8>>;
    /// Paths of all files whose names are one of `names`, in order; `*` and an ending stand for all names that end so.
    fn named(&self, names: &[&str]) -> Vec<BString>;
}

/// What people choose about the form of references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// The idiomatic form of each place.
    #[default]
    Auto,
    /// An environment variable in code, filled by `unleak run` or the platform.
    Env,
    /// The store's cached client in code, in one generated helper.
    Sdk,
}

/// How a place refers to its secret afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The format's own reference, such as `{{resolve:secretsmanager:…}}`.
    Native,
    /// A `ref+…` token that `unleak run` resolves.
    Reference,
    /// A lookup of an environment variable that fails loudly when unset; the variable is a line of `.unleak.env`.
    Environment,
    /// The store's client behind a generated helper.
    Sdk,
    /// Prose: the value is replaced by the secret's name.
    Placeholder,
}

/// How the reason begins where the store's client is asked each time that a function runs.
pub const ASKED_AGAIN: &str = "the client is asked each time that the code runs, and answers from what it keeps";

/// How a value is spelled in a file: with the value it gives the file's bytes back, so that undo needs no copy of them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spelling {
    /// As it is.
    Plain,
    /// Base64 of it.
    Base64 {
        /// Whether the URL-safe alphabet is used.
        url: bool,
        /// Whether it is padded.
        padded: bool,
    },
    /// Pieces of the value in order, each with its length in bytes of the value and the form in which it is spelled.
    Pieces(Vec<Piece>),
}

/// A stretch of a value that is spelled in one form. It tells lengths and forms, never characters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Piece {
    /// Bytes of the value.
    pub length: usize,
    /// How each of its characters is spelled.
    pub form: Form,
}

/// A way to spell a character.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Itself.
    Plain,
    /// After this text, such as `\` or, for a doubled quote, the quote itself.
    Prefixed(String),
    /// The letter that stands for a control character after a backslash: `\n`.
    Letter,
    /// In hex digits between two texts: `\x41`, `\u{41}`, `&#x41;`; characters outside the BMP in two surrogates where `surrogates`.
    Hex {
        /// Text before the digits.
        before: String,
        /// Text after the digits.
        after: String,
        /// Number of digits, filled up with zeros.
        digits: u8,
        /// Whether letters are upper case.
        upper: bool,
        /// Whether bytes of UTF-8 are spelled one by one, as `%C3%A9` does.
        bytes: bool,
        /// Whether characters outside the BMP are two surrogates.
        surrogates: bool,
    },
    /// In octal digits after a backslash.
    Octal {
        /// Number of digits, filled up with zeros.
        digits: u8,
    },
    /// As a named entity: `&amp;`.
    Entity(String),
    /// As line ends and blanks that are read as one blank, or as fewer line ends, whatever they are in the value.
    Folded(String),
    /// Not of the value at all, but between its pieces: `" + "`, a line continuation. Its length in the value is 0.
    Between(String),
}

/// A literal that can be moved: found, understood and decoded.
#[derive(Debug, Clone)]
pub struct Located {
    /// Name of the rewriter, such as `python` or `dotenv`.
    pub rewriter: &'static str,
    /// How it will refer to the secret.
    pub strategy: Strategy,
    /// Why this strategy, in a few words.
    pub reason: String,
    /// The decoded run-time value to store; more than what was found where the credential is part of a longer literal.
    pub value: Secret,
    /// Bytes that spell the value, quotes not included.
    pub span: Range<usize>,
    /// How they spell it: [`Spelling::spell`] of the value is exactly these bytes.
    pub spelling: Spelling,
    /// What it is called where it stands, for the name of the secret and the variable: `DB_PASSWORD`, `spring.datasource.password`.
    pub name: Option<String>,
    /// Settings of the same connection that become a part of the secret with it, by what settings files call them, and their bytes without quotes.
    pub beside: Vec<(&'static str, Range<usize>)>,
    /// The environment variable that the place reads already, with the value as its default. The rewriter keeps it, whatever
    /// [`Wanted::variable`] says, and tells it in [`Companion::Variable`].
    pub variable: Option<String>,
    /// For a connection string that is split: the standard fields (`engine`, `host`, `port`, `username`, `password`, `dbname`) in order.
    pub fields: Vec<(&'static str, Secret)>,
    /// Where these are spelled, for a place that can put the string together from them; else why it takes the whole of it.
    pub composed: Result<Vec<Spelled>, String>,
}

/// A field of a connection string where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled {
    /// Its name.
    pub name: &'static str,
    /// The bytes of the file.
    pub span: Range<usize>,
    /// How they spell the field.
    pub spelling: Spelling,
}

/// Where a field of a connection string will be.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Where its value will be.
    pub reference: Reference,
    /// Environment variable for it.
    pub variable: String,
}

/// A place to rewrite, and to what.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The place.
    pub located: &'a Located,
    /// Where the value will be.
    pub reference: &'a Reference,
    /// Environment variable for it: `[A-Z][A-Z0-9_]*`, unique for each reference.
    pub variable: &'a str,
    /// All of [`Located::composed`], for a place that puts the string together; else nothing.
    pub fields: &'a [Field],
}

/// Bytes of a file to replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Which; splices of a file are ascending and disjoint. A place's span lies inside one splice or outside of all.
    pub span: Range<usize>,
    /// By what.
    pub text: BString,
}

/// What has to happen besides the splices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Companion {
    /// The variable of a place has to be set: a line of `.unleak.env`.
    Variable {
        /// The variable.
        name: String,
        /// What it refers to.
        reference: Reference,
    },
    /// A file to create, such as a generated helper; where it exists with other content the place is manual.
    NewFile {
        /// Path below the root.
        path: BString,
        /// Content.
        content: BString,
    },
    /// A splice in another file, such as a dependency in a manifest.
    Edit {
        /// Path below the root.
        path: BString,
        /// What to change.
        splice: Splice,
        /// Why, for people.
        why: String,
    },
    /// The splices name the full ARN of this secret, which the store makes up, as [`arn_of`] says; no other text in them reads so.
    Arn(String),
    /// The place with this span got another form than was said when it was located: what stands around it, or the reference, did not go with that.
    Instead {
        /// [`Located::span`].
        span: Range<usize>,
        /// How it refers to its secret.
        strategy: Strategy,
        /// Why.
        reason: String,
    },
    /// A thing to do by hand, such as `go get …` or a role's permission.
    Advice(String),
}

/// The new form of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Ascending, disjoint.
    pub splices: Vec<Splice>,
    /// What goes with them.
    pub companions: Vec<Companion>,
}

/// A place that is left to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manual {
    /// Why it is not rewritten: `an annotation argument must be a constant`.
    pub reason: String,
    /// What the person can do.
    pub advice: String,
}

/// One language or format.
pub trait Rewriter: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Finds the literal that holds `span`, a finding's bytes.
    ///
    /// # Errors
    /// What is not understood, or not allowed to be an expression.
    fn locate(&self, source: Source<'_>, span: Range<usize>, style: Style, tree: &dyn Tree) -> Result<Located, Manual>;

    /// The splices for places of one file, located by this rewriter, in order of their spans.
    ///
    /// # Errors
    /// What cannot be done together.
    fn rewrite(&self, source: Source<'_>, wanted: &[Wanted<'_>], tree: &dyn Tree) -> Result<Rewritten, Manual>;

    /// Checks that `after` is `before` except for the splices, and parses as well as it did.
    ///
    /// # Errors
    /// What else changed.
    fn verify(&self, before: Source<'_>, after: &[u8], splices: &[Splice]) -> Result<(), Manual>;
}

/// The bytes with the splices in place.
#[must_use]
pub fn splice(bytes: &[u8], splices: &[Splice]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for splice in splices {
        out.extend_from_slice(&bytes[at..splice.span.start]);
        out.extend_from_slice(&splice.text);
        at = splice.span.end;
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

/// What stands in prose in place of a value: the secret's name.
#[must_use]
pub fn placeholder(reference: &Reference) -> String {
    let key = reference.key.as_ref().map(|key| format!("#/{key}")).unwrap_or_default();
    format!("<secret: {}{key}>", reference.name)
}

/// What stands in new text in place of the full ARN of a secret, until the secret is stored.
#[must_use]
pub fn arn_of(secret: &str) -> String {
    format!("<ARN of {secret}>")
}

/// The rewriter for a file: that of its format, else that of its language; none for what nobody rewrites.
#[must_use]
pub fn for_source(source: Source<'_>) -> Option<&'static dyn Rewriter> {
    format::for_source(source).or_else(|| code::for_source(source))
}
