//! What `tsconfig.json` says of modules. Owns: the few settings that decide how files name each other and where they can wait. Must not: follow
//! `extends`; what another file says is not known.

use super::{folder, nearest};
use crate::rewrite::Tree;
use crate::rewrite::format::json;

/// Settings of the compiler.
pub(super) struct Compiler {
    module: Option<String>,
    target: Option<String>,
    resolution: Option<String>,
    /// Whether other files say more.
    extends: bool,
    /// The folder of sources, below the root and with its `/`.
    pub sources: Option<String>,
}

impl Compiler {
    /// The settings for a file, if there are any.
    pub fn of(tree: &dyn Tree, path: &str) -> Option<Self> {
        let (path, text) = nearest(tree, path, "tsconfig.json")?;
        let parsed = json::parse(&text).ok()?;
        let mut cursor = parsed.walk();
        let object = parsed.root_node().named_children(&mut cursor).find(|node| node.kind() == "object")?;
        let top = json::members(object, &text);
        let options = top.iter().find(|(key, ..)| *key == "compilerOptions").map(|(_, value, _)| json::members(*value, &text));
        let plain = |wanted: &str| {
            let (_, value, _) = options.iter().flatten().find(|(key, ..)| *key == wanted)?;
            Some(text[value.byte_range()].trim_matches('"').to_owned())
        };
        let option = |wanted: &str| plain(wanted).map(|value| value.to_ascii_lowercase());
        let below = |sources: String| {
            let sources = sources.trim_start_matches("./").trim_end_matches('/').to_owned();
            let is_below = !sources.is_empty() && !sources.starts_with('.');
            is_below.then(|| format!("{}{sources}/", folder(&path)))
        };
        Some(Self {
            module: option("module"),
            target: option("target"),
            resolution: option("moduleResolution"),
            extends: top.iter().any(|(key, ..)| *key == "extends"),
            sources: plain("rootDir").and_then(below),
        })
    }

    /// Whether modules can wait outside of functions.
    pub fn waits(&self) -> bool {
        let old = ["es3", "es5", "es6", "es2015", "es2016"];
        let target = self.target.as_deref();
        match self.module.as_deref() {
            Some("node16" | "node18" | "node20" | "nodenext") => target.is_none_or(|target| !old.contains(&target)),
            Some("es2022" | "esnext" | "preserve") => target.is_some_and(|target| !old.contains(&target)),
            _ => false,
        }
    }

    /// The ending by which modules name each other; none: these settings do not tell.
    pub fn ending(&self) -> Option<&'static str> {
        match (self.resolution.as_deref(), self.module.as_deref()) {
            (Some("node16" | "nodenext"), _) | (None, Some("node16" | "node18" | "node20" | "nodenext")) => Some(".js"),
            (Some("bundler"), _) | (_, Some("commonjs")) => Some(""),
            (_, None) if !self.extends => Some(""),
            _ => None,
        }
    }
}
