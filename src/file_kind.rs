//! What kind of file a path names. Owns: the table of endings and folders. Must not: look at content.

use bstr::BStr;

/// Everything that a path has to say to detection. Texts whose paths have equal classes and whose bytes are equal have equal candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PathClass {
    /// How the text is to be read.
    pub kind: FileKind,
    /// What part of a project it belongs to.
    pub setting: Setting,
}

/// What part of a project a file belongs to; a later one wins over an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// What is built, run or configured.
    Product,
    /// Examples and documentation.
    Example,
    /// Tests and what they read.
    Test,
}

/// What the folders of a path have to say of the files in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Folder {
    setting: Setting,
    /// Whether one of them holds a user interface's texts.
    is_translation: bool,
    /// Whether the last one holds files or folders of a language each, if their names say so.
    has_languages: bool,
    /// Whether one of them is that of a language.
    is_language: bool,
}

impl Folder {
    /// No folder at all.
    pub(crate) const ROOT: Self = Self { setting: Setting::Product, is_translation: false, has_languages: false, is_language: false };

    /// The folder at a path.
    pub(crate) fn at(path: &BStr) -> Self {
        path.split(|&byte| byte == b'/').fold(Self::ROOT, |folder, name| folder.enter(name.into()))
    }

    /// A folder in this one.
    pub(crate) fn enter(self, name: &BStr) -> Self {
        const TRANSLATIONS: [&[u8]; 7] = [b"locale", b"locales", b"i18n", b"l10n", b"translation", b"translations", b"_locales"];
        const OF_LANGUAGES: [&[u8]; 4] = [b"lang", b"langs", b"language", b"languages"];
        let is_one_of = |list: &[&[u8]]| list.iter().any(|known| name.eq_ignore_ascii_case(known));
        Self {
            setting: self.setting.max(setting(name)),
            is_translation: self.is_translation || is_one_of(&TRANSLATIONS),
            has_languages: is_one_of(&OF_LANGUAGES),
            is_language: self.is_language || self.has_languages && is_language(name) || is_of_android(name),
        }
    }

    /// A file in it.
    pub(crate) fn class_of(self, name: &BStr) -> PathClass {
        let is_language = || self.is_language || self.has_languages && is_language(before_dot(name));
        let kind = match kind_of_name(name) {
            FileKind::Config | FileKind::Data | FileKind::Code if self.is_translation => FileKind::Translation,
            FileKind::Config | FileKind::Data if is_language() => FileKind::Translation,
            // `lang/io` of a Java program is none.
            FileKind::Code if holds_texts(name) && is_language() => FileKind::Translation,
            FileKind::Markup if self.is_language && name == "strings.xml" => FileKind::Translation,
            kind => kind,
        };
        PathClass { kind, setting: self.setting.max(setting(name)) }
    }
}

impl PathClass {
    /// A number below 64 that no other class has.
    pub(crate) const fn number(self) -> u32 {
        (self.kind as u32) << 2 | self.setting as u32
    }

    /// The class with this number; none where no class has it.
    pub(crate) fn numbered(number: u32) -> Option<Self> {
        let kind = FileKind::ALL.get(number as usize >> 2)?;
        let setting = [Setting::Product, Setting::Example, Setting::Test].get(number as usize & 3)?;
        Some(Self { kind: *kind, setting: *setting })
    }
}

/// The class of a path.
#[must_use]
pub fn path_class(path: &BStr) -> PathClass {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(end) => Folder::at(path[..end].into()).class_of(path[end + 1..].into()),
        None => Folder::ROOT.class_of(path),
    }
}

/// Whether the path is a test, a fixture, an example or documentation: findings there lose a step of severity, never their existence.
#[must_use]
pub fn is_test_or_example(path: &BStr) -> bool {
    setting(path) != Setting::Product
}

/// What the words of a path say.
fn setting(path: &BStr) -> Setting {
    const TESTS: [&[u8]; 11] =
        [b"test", b"tests", b"testing", b"testdata", b"spec", b"specs", b"fixture", b"fixtures", b"mock", b"mocks", b"e2e"];
    const EXAMPLES: [&[u8]; 9] = [b"example", b"examples", b"sample", b"samples", b"demo", b"demos", b"doc", b"docs", b"tutorial"];
    let holds = |words: &[&[u8]]| {
        path.split(|byte| !byte.is_ascii_alphanumeric()).any(|word| words.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    if holds(&TESTS) {
        return Setting::Test;
    }
    if holds(&EXAMPLES) { Setting::Example } else { Setting::Product }
}

/// How the text of a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A programming language: what is not quoted is an expression.
    Code,
    /// A shell's language, a Dockerfile, a Makefile: words need no quotes.
    Script,
    /// Settings, a line each; also what has no known ending.
    Config,
    /// JSON and its like: every text is quoted.
    Data,
    /// XML, HTML and their like.
    Markup,
    /// Prose.
    Doc,
    /// Texts of a user interface in one language.
    Translation,
    /// Written by a program for programs: source maps, minified code, certificates.
    Generated,
    /// Names, versions and hashes of what a project is built from.
    Lock,
}

impl FileKind {
    /// All kinds, in order.
    const ALL: [Self; 9] =
        [Self::Code, Self::Script, Self::Config, Self::Data, Self::Markup, Self::Doc, Self::Translation, Self::Generated, Self::Lock];

    /// The kind's name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Script => "script",
            Self::Config => "config",
            Self::Data => "data",
            Self::Markup => "markup",
            Self::Doc => "prose",
            Self::Translation => "translation",
            Self::Generated => "generated",
            Self::Lock => "lock file",
        }
    }
}

/// Endings that say a file is a template or a copy of the kind that the ending before names.
const OUTER: [&str; 17] = [
    "example", "sample", "template", "tmpl", "tpl", "dist", "j2", "jinja", "jinja2", "erb", "in", "bak", "orig", "old", "default",
    "golden", "tt",
];

/// Endings in lower case and their kinds, sorted for the search.
#[rustfmt::skip]
const ENDINGS: [(&str, FileKind); 212] = {
    use FileKind::{Code, Config, Data, Doc, Generated, Lock, Markup, Script, Translation};
    [
        ("abap", Code), ("adoc", Doc), ("arb", Translation), ("asciidoc", Doc), ("asm", Code), ("aspx", Markup), ("bash", Script),
        ("bat", Script), ("bicep", Code), ("bundle", Generated), ("c", Code), ("cast", Script), ("cc", Code), ("cer", Generated),
        ("cfg", Config), ("cjs", Code), ("clj", Code), ("cljc", Code), ("cljs", Code), ("cls", Code), ("cmake", Code), ("cmd", Script),
        ("cnf", Config), ("coffee", Code), ("conf", Config), ("config", Config), ("containerfile", Script), ("cpp", Code), ("cr", Code),
        ("crt", Generated), ("cs", Code), ("cshtml", Markup), ("csproj", Markup), ("csv", Data), ("cts", Code), ("cxx", Code),
        ("d", Code), ("dart", Code), ("dockerfile", Script), ("edn", Code), ("eex", Code), ("el", Code), ("elm", Code), ("env", Config),
        ("envrc", Config), ("erl", Code), ("ex", Code), ("exs", Code), ("f90", Code), ("fastfile", Code), ("fish", Script), ("fs", Code),
        ("fsproj", Markup), ("fsx", Code), ("ftl", Translation), ("gemfile", Code), ("gemspec", Code), ("go", Code), ("gql", Code), ("gradle", Code),
        ("graphql", Code), ("groovy", Code), ("h", Code), ("har", Data), ("hcl", Code), ("heex", Markup), ("hh", Code), ("hpp", Code), ("hrl", Code),
        ("hs", Code), ("htm", Markup), ("html", Markup), ("hxx", Code), ("idl", Markup), ("ini", Config), ("ipynb", Data), ("java", Code),
        ("jenkinsfile", Code), ("jl", Code), ("jmx", Markup), ("js", Code), ("json", Data), ("json5", Data), ("jsonc", Data), ("jsonl", Data),
        ("jsp", Markup), ("jsx", Code), ("ksh", Script), ("kt", Code), ("kts", Code), ("l", Code), ("lang", Translation),
        ("las", Generated), ("ldml", Translation), ("lhs", Code), ("lisp", Code), ("lock", Lock), ("lockb", Lock), ("log", Doc),
        ("lua", Code), ("m", Code), ("makefile", Script), ("manifest", Markup), ("map", Generated), ("markdown", Doc), ("md", Doc),
        ("mdx", Doc), ("mjs", Code), ("mk", Script), ("ml", Code), ("mli", Code), ("mm", Code), ("mo", Translation), ("moo", Code),
        ("mts", Code), ("ndjson", Data), ("nim", Code), ("nix", Code), ("nuspec", Markup), ("odd", Generated), ("org", Doc),
        ("pack", Generated), ("pas", Code), ("perl", Code), ("php", Code), ("phtml", Code), ("pl", Code), ("plist", Markup), ("pm", Code),
        ("po", Translation), ("pod", Doc), ("podfile", Code), ("pom", Markup), ("pot", Translation), ("prefs", Config),
        ("properties", Config), ("props", Markup), ("proto", Code), ("ps1", Script), ("psd1", Script), ("psm1", Script), ("psql", Code),
        ("py", Code), ("pyi", Code), ("pyx", Code), ("qml", Code), ("r", Code), ("rake", Code), ("rakefile", Code), ("rb", Code),
        ("rdoc", Doc), ("resx", Translation), ("rrc", Translation), ("rs", Code), ("rsp", Config), ("rst", Doc), ("s", Code),
        ("sbt", Code), ("scala", Code), ("scm", Code), ("service", Config), ("sh", Script), ("sln", Lock), ("smali", Generated), ("sol", Code),
        ("sql", Code), ("storyboard", Lock), ("strings", Translation), ("sum", Lock), ("svelte", Markup), ("svg", Markup),
        ("swift", Code), ("t", Code), ("targets", Markup), ("tcl", Code), ("tex", Doc), ("text", Doc), ("textile", Doc), ("tf", Code),
        ("tfstate", Data), ("tfvars", Code), ("thrift", Code), ("tl", Code), ("toml", Config), ("travis", Config), ("trigger", Code),
        ("ts", Code), ("tsv", Data), ("tsx", Code), ("txt", Doc), ("v", Code), ("vagrantfile", Code), ("vb", Code), ("vbproj", Markup),
        ("vcxproj", Markup), ("vim", Code), ("vue", Markup), ("webmanifest", Data), ("wsdl", Markup), ("xaml", Markup), ("xhtml", Markup), ("xib", Lock),
        ("xlf", Translation), ("xliff", Translation), ("xml", Markup), ("xsd", Markup), ("xsl", Markup), ("y", Code), ("yaml", Config),
        ("yml", Config), ("zig", Code), ("zsh", Script),
    ]
};

/// Ends of names of lock files that do not end in `.lock` or the like.
const LOCKS: [&[u8]; 5] = [b"-lock.json", b"-lock.yaml", b".lock.json", b"npm-shrinkwrap.json", b"Package.resolved"];

/// The kind that a path says; a file without a known ending is read as settings.
#[must_use]
pub fn file_kind(path: &BStr) -> FileKind {
    path_class(path).kind
}

/// The kind that a file's name says.
fn kind_of_name(name: &BStr) -> FileKind {
    if LOCKS.iter().any(|end| name.ends_with(end)) {
        return FileKind::Lock;
    }
    if name.ends_with(b".min.js") || name.ends_with(b".min.css") {
        return FileKind::Generated;
    }
    let is_outer = |part: &[u8]| OUTER.iter().any(|outer| part.eq_ignore_ascii_case(outer.as_bytes()));
    let ending = name.rsplit(|&byte| byte == b'.').find(|part| !is_outer(part)).unwrap_or_default();
    let first = name.split(|&byte| byte == b'.').next().unwrap_or_default();
    // `Dockerfile.prod` and `Makefile` say it in front.
    let kind = known(ending).or_else(|| known(first).filter(|_| first.len() >= 8)).unwrap_or(FileKind::Config);
    let is_translation = name.starts_with(b"messages_") || name.starts_with(b"messages.") && name.ends_with(b".properties");
    match kind {
        FileKind::Config | FileKind::Data | FileKind::Code if is_translation => FileKind::Translation,
        kind => kind,
    }
}

fn before_dot(name: &BStr) -> &BStr {
    name.split(|&byte| byte == b'.').next().unwrap_or_default().into()
}

/// Whether a file in a programming language is of those in which frameworks keep texts.
fn holds_texts(name: &BStr) -> bool {
    [&b".php"[..], b".js", b".ts", b".lua"].iter().any(|ending| name.ends_with(ending))
}

/// The languages of ISO 639-1, and countries that are written for them, each with a blank behind it.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa \
    ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr \
    ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl \
    ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur \
    uz ve vi vo wa wo xh yi yo za zh zu cn cz dk gr jp ua vn ";

/// Whether a name is one of a language, as RFC 5646 has them in the main: `de`, `pt-BR`, `zh_Hant_TW`, `es-419`.
fn is_language(name: &BStr) -> bool {
    let mut parts = name.split(|&byte| matches!(byte, b'-' | b'_'));
    let language = parts.next().unwrap_or_default();
    // `de_informal` speaks to a friend.
    let is_tone = |part: &[u8]| matches!(part, b"formal" | b"informal");
    let is_part = |part: &[u8]| (2..=4).contains(&part.len()) && part.iter().all(u8::is_ascii_alphanumeric) || is_tone(part);
    LANGUAGES.as_bytes().chunks_exact(3).any(|known| known[..2] == *language) && parts.all(is_part)
}

/// Whether a folder holds an Android application's texts in a language: `values-de`, `values-pt-rBR`, `values-b+sr+Latn`.
fn is_of_android(name: &BStr) -> bool {
    let language = name.strip_prefix(b"values-");
    language.is_some_and(|language| is_language(language.strip_prefix(b"b+").map_or(language, |tag| &tag[..tag.len().min(2)]).into()))
}

/// The kind of an ending in any case.
fn known(ending: &[u8]) -> Option<FileKind> {
    let mut lower = [0; 16];
    let lower = lower.get_mut(..ending.len())?;
    lower.copy_from_slice(ending);
    lower.make_ascii_lowercase();
    ENDINGS.binary_search_by(|(known, _)| known.as_bytes().cmp(lower)).ok().map(|at| ENDINGS[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_sorted() {
        assert!(ENDINGS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn numbers_tell_classes_apart() {
        for (kind, at) in FileKind::ALL.into_iter().zip(0..) {
            assert_eq!(kind as u32, at);
            for setting in [Setting::Product, Setting::Example, Setting::Test] {
                let class = PathClass { kind, setting };
                assert_eq!(PathClass::numbered(class.number()), Some(class));
            }
        }
        assert_eq!((PathClass::numbered(3), PathClass::numbered(36), PathClass::numbered(255)), (None, None, None));
    }

    #[test]
    fn endings_name_the_kind() {
        for (path, kind) in [
            ("src/main.rs", FileKind::Code),
            ("deploy/Dockerfile", FileKind::Script),
            ("Dockerfile.prod", FileKind::Script),
            (".env", FileKind::Config),
            (".env.example", FileKind::Config),
            ("roles/db/vars.yml.j2", FileKind::Config),
            ("a/package-lock.json", FileKind::Lock),
            ("a/packages.lock.json", FileKind::Lock),
            ("go.sum", FileKind::Lock),
            ("yarn.lock", FileKind::Lock),
            ("a/bundle.min.js", FileKind::Generated),
            ("config/locales/en.yml", FileKind::Translation),
            ("resources/lang/aa-ER/account/general.php", FileKind::Translation),
            ("lang/pt_BR.json", FileKind::Translation),
            ("lang/jp/passwords.php", FileKind::Translation),
            ("languages/zh-Hant-TW.yml", FileKind::Translation),
            ("app/res/values-pt-rBR/strings.xml", FileKind::Translation),
            ("app/res/values-b+sr+Latn/strings.xml", FileKind::Translation),
            ("app/res/values/strings.xml", FileKind::Markup),
            ("app/res/values-night/strings.xml", FileKind::Markup),
            ("lang/io/Reader.java", FileKind::Code),
            ("lang/go/main.go", FileKind::Code),
            ("languages/php/run.php", FileKind::Code),
            ("lang/en/run.sh", FileKind::Script),
            ("en/general.php", FileKind::Code),
            ("App.sln", FileKind::Lock),
            ("README", FileKind::Config),
            ("docs/a.MD", FileKind::Doc),
            ("x.tfstate", FileKind::Data),
        ] {
            assert_eq!(file_kind(BStr::new(path)), kind, "{path}");
        }
    }

    #[test]
    fn folders_and_names_count() {
        for path in ["tests/a.py", "src/foo_test.go", "docs/index.md", "app.spec.ts", "config.example.yml"] {
            assert!(is_test_or_example(BStr::new(path)), "{path}");
        }
        for path in ["src/main.rs", "contest/a.py", "latest.yml"] {
            assert!(!is_test_or_example(BStr::new(path)), "{path}");
        }
    }
}
