//! The client in JavaScript and TypeScript, which answers later. Owns: where code can wait for it, how modules name each other, the module with
//! it. Must not: know the language's literals.

use tree_sitter::Node;

use super::super::javascript::JavaScript;
use super::super::next_line;
use super::super::place::Place;
use super::super::tree::{self, Path};
use super::manifest::Dependency;
use super::settings::Compiler;
use super::{Client, Constant, File, Form, arguments, folder, helper, lines, nearest, refused, way_up};
use crate::reference::Reference;
use crate::rewrite::literal::manual;
use crate::rewrite::{Manual, Rewritten};

/// What the module with the client is called where it is imported.
const OBJECT: &str = "unleakSecrets";
/// The module's file, without its ending.
const STEM: &str = "unleak-secrets";
/// CommonJS, which every module can import.
const PLAIN: &str = include_str!("files/unleak-secrets.cjs");
const TYPED: &str = include_str!("files/unleak-secrets.ts");

const FUNCTIONS: [&str; 6] = [
    "function_declaration",
    "function_expression",
    "arrow_function",
    "method_definition",
    "generator_function",
    "generator_function_declaration",
];
/// Where code runs each time that an object is made, and cannot wait.
const CLASSES: [&str; 1] = ["class_body"];

/// How a file is a module.
struct Module {
    /// Whether it has `import`, else `require`.
    imports: bool,
    /// Why it cannot wait outside of functions, if so.
    waits: Result<(), String>,
}

impl JavaScript {
    /// How a file is a module.
    ///
    /// # Errors
    /// It is none, or nothing says how it is found.
    fn module(&self, file: File<'_>, root: Node<'_>) -> Result<Module, String> {
        let path = String::from_utf8_lossy(file.source.path);
        let ending = path.rsplit('.').next().unwrap_or_default();
        let says_module = nearest(file.tree, &path, "package.json").is_some_and(|(_, text)| is_module(&text));
        let mut cursor = root.walk();
        let has_import = root.named_children(&mut cursor).any(|node| matches!(node.kind(), "import_statement" | "export_statement"));
        let always = ending.starts_with('m');
        let never = ending.starts_with('c') || !always && !says_module;
        let refused = |why: &str| Err(why.to_owned());
        if !self.typed {
            let imports = has_import || !never;
            let waits = if never { refused("only an ES module can wait for the store outside of functions") } else { Ok(()) };
            return Ok(Module { imports, waits });
        }
        if !has_import && !always && ending != "cts" {
            return Err("the file is a script without imports, and one would make it a module".to_owned());
        }
        let waits = match Compiler::of(file.tree, &path) {
            _ if never => refused("only an ES module can wait for the store outside of functions"),
            Some(compiler) if !compiler.waits() => refused("tsconfig.json does not say that modules can wait outside of functions"),
            _ => Ok(()),
        };
        Ok(Module { imports: true, waits })
    }

    /// Where the module with the client is, and how a file names it.
    ///
    /// # Errors
    /// Nothing says how it is named.
    fn helper_for(&self, file: File<'_>) -> Result<(String, String), String> {
        let path = super::path_of(file)?;
        let package = nearest(file.tree, path, "package.json").map_or(String::new(), |(path, _)| folder(&path).to_owned());
        if !self.typed {
            return Ok((format!("{package}{STEM}.cjs"), format!("{}{STEM}.cjs", relative(path, &package))));
        }
        let compiler = Compiler::of(file.tree, path);
        let sources = compiler.as_ref().and_then(|compiler| compiler.sources.clone());
        let sources = sources.into_iter().chain([format!("{package}src/")]).find(|sources| path.starts_with(sources.as_str()));
        let home = sources.unwrap_or(package);
        let ending = own_ending(file.text).or_else(|| compiler.as_ref().and_then(Compiler::ending));
        let ending = ending.ok_or("nothing says how its modules name each other (tsconfig.json, an import of a file beside it)")?;
        Ok((format!("{home}{STEM}.ts"), format!("{}{STEM}{ending}", relative(path, &home))))
    }

    /// What is around a place.
    fn around<T>(&self, file: File<'_>, place: &Place, look: impl FnOnce(Node<'_>, &Path<'_>) -> Result<T, String>) -> Result<T, String> {
        let tree = tree::parse(&self.grammar(), file.text).map_err(|manual| manual.reason)?;
        let path = Path::to(&tree, &place.whole).map_err(|manual| manual.reason)?;
        look(tree.root_node(), &path)
    }
}

/// Whether `package.json` says that its files are ES modules.
fn is_module(text: &str) -> bool {
    let member = |value: &serde_json::Value| value.get("type").and_then(serde_json::Value::as_str) == Some("module");
    serde_json::from_str(text.trim_start_matches('\u{feff}')).is_ok_and(|value| member(&value))
}

/// The ending that the file's own imports give to files beside it.
fn own_ending(text: &str) -> Option<&'static str> {
    let quoted = |line: &str| {
        let rest = &line[line.rfind(" from ")? + 6..];
        let name = rest.trim().trim_end_matches(';').trim_matches(['"', '\'']);
        let file = name.strip_prefix("./").or_else(|| name.starts_with("../").then_some(name))?.rsplit('/').next()?;
        match file.rsplit_once('.') {
            Some((_, "js")) => Some(".js"),
            Some((_, "ts")) => Some(".ts"),
            Some((_, "json")) => None,
            _ => Some(""),
        }
    };
    text.lines().filter(|line| line.trim_start().starts_with("import")).find_map(quoted)
}

/// The way from a file to a folder above it or its own, as modules are named.
fn relative(path: &str, home: &str) -> String {
    let way = way_up(path, home);
    if way.is_empty() { "./".to_owned() } else { way }
}

/// Whether the innermost function around a place is asynchronous and the place is within its body.
fn in_async_body(path: &Path<'_>, text: &str) -> Result<(), String> {
    let inner = path.0.iter().position(|node| FUNCTIONS.contains(&node.kind()) || CLASSES.contains(&node.kind()));
    let Some(at) = inner else { return Err(String::new()) };
    let node = path.0[at];
    if CLASSES.contains(&node.kind()) {
        return Err("a field of a class cannot wait for the store".to_owned());
    }
    let below = at.checked_sub(1).is_some_and(|below| path.is_field(below, "body"));
    if !below {
        return Err("a default of a parameter cannot wait for the store".to_owned());
    }
    let mut cursor = node.walk();
    let is_async = node.children(&mut cursor).any(|child| &text[child.byte_range()] == "async");
    if is_async { Ok(()) } else { Err("the function around it is not async and cannot wait for the store".to_owned()) }
}

impl Client for JavaScript {
    fn form(&self, file: File<'_>, place: &Place) -> Result<Form, String> {
        self.helper_for(file)?;
        self.around(file, place, |root, path| {
            let module = self.module(file, root)?;
            let in_function = path.0.iter().any(|node| FUNCTIONS.contains(&node.kind()) || CLASSES.contains(&node.kind()));
            match module.waits {
                Ok(()) if in_function => Ok(Form::Constant { home: 0 }),
                Ok(()) => Ok(Form::Here),
                Err(_) if in_function => in_async_body(path, file.text).map(|()| Form::Here),
                Err(reason) => Err(reason),
            }
        })
    }

    fn lookup(&self, reference: &Reference, place: &Place, text: &str) -> String {
        let single = place.parts.first().is_some_and(|part| text[part.token.clone()].starts_with('\''));
        let quote = if single { '\'' } else { '"' };
        format!("await {OBJECT}.get{}", arguments(reference, quote))
    }

    fn inline(&self, lookup: String, place: &Place) -> String {
        if place.is_operand { format!("({lookup})") } else { lookup }
    }

    fn url(&self, scheme: &str, reference: &Reference, place: &Place, text: &str) -> Option<String> {
        let quote = place.quote(text);
        Some(format!("await {OBJECT}.url({quote}{scheme}{quote}, {quote}{}{quote})", reference.name))
    }

    fn surroundings(&self, file: File<'_>, _first: usize, constants: &[Constant]) -> Result<Rewritten, Manual> {
        let text = file.text;
        let parsed = tree::parse(&self.grammar(), text)?;
        let root = parsed.root_node();
        let module = self.module(file, root).map_err(refused)?;
        let (path, name) = self.helper_for(file).map_err(refused)?;
        let quote = if text.matches('\'').count() > text.matches('"').count() { '\'' } else { '"' };
        let import = if module.imports {
            format!("import * as {OBJECT} from {quote}{name}{quote};")
        } else {
            format!("const {OBJECT} = require({quote}{name}{quote});")
        };
        let known = text.contains(&import);
        if !known && text.contains(OBJECT) {
            return Err(manual(format!("the file uses the name {OBJECT} for something else"), "rename it, then migrate again"));
        }
        let at = after_imports(root, text, module.imports);
        let constants = constants.iter().map(|Constant { name, lookup, .. }| format!("const {name} = {lookup};")).collect();
        let splices = lines(at, (!known).then_some(import), constants, file).into_iter().collect();
        let library =
            Dependency { name: "@aws-sdk/client-secrets-manager", version: "^3.0.0", of: path.rsplit('/').next().unwrap_or_default() };
        let mut companions = library.package_json(file.tree, &path);
        companions.insert(0, helper(path.clone(), if self.typed { TYPED } else { PLAIN }));
        Ok(Rewritten { splices, companions })
    }
}

/// The line after the imports at the head of a file, else after what has to be first.
fn after_imports(root: Node<'_>, text: &str, imports: bool) -> usize {
    let mut cursor = root.walk();
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    for node in root.named_children(&mut cursor) {
        let written = &text[node.byte_range()];
        let after = next_line(text, node.end_byte());
        let is_import = if imports {
            node.kind() == "import_statement"
        } else {
            matches!(node.kind(), "lexical_declaration" | "variable_declaration") && written.contains("require(")
        };
        let is_directive = node.kind() == "expression_statement" && written.starts_with(['"', '\'']);
        match node.kind() {
            "hash_bang_line" => at = after,
            // A comment about what follows stays with it.
            "comment" if text[after..].starts_with(['\r', '\n']) => at = next_line(text, after),
            "comment" => {}
            _ if is_import || is_directive => at = after,
            _ => break,
        }
    }
    at
}
