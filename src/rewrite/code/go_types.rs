//! Named string types of Go: a literal takes such a type on, the text that a function returns does not. Owns: which type a place takes, as far as
//! the declarations of its package, and of those of its module, say it. Must not: evaluate, or look into other modules.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};
use tree_sitter::Node;

use super::client::{File, folder, nearest};
use super::go::grammar;
use super::tree::{self, Path};
use crate::rewrite::Manual;
use crate::rewrite::literal::manual;

/// Types that stand for each other, at most.
const LONGEST_CHAIN: usize = 8;
/// Files of a package that are looked at.
const MOST_FILES: usize = 200;

/// The named string type that the place at `whole` has to be converted to.
///
/// # Errors
/// It may be one, and the code does not say which.
pub(super) fn named(file: File<'_>, whole: &Range<usize>) -> Result<Option<String>, Manual> {
    let tree = tree::parse(&grammar(), file.text)?;
    let path = Path::to(&tree, whole)?;
    let mut at = path.0.iter().position(|node| node.byte_range() == *whole).unwrap_or_default();
    while path.kind(at + 1) == "parenthesized_expression" {
        at += 1;
    }
    let package = Package {
        file,
        folder: folder(&String::from_utf8_lossy(file.source.path)).to_owned(),
        qualifier: String::new(),
        read: OnceCell::new(),
    };
    let mut types = package.expected(&path, at);
    types.sort();
    types.dedup();
    let named: Vec<Option<String>> = types.iter().map(|kind| package.named(kind, 0)).collect();
    match named.as_slice() {
        [one] => Ok(one.clone()),
        several if several.iter().any(Option::is_some) => Err(manual(
            format!("the code does not say plainly whether it is of the type {}", types.join(" or ")),
            "convert the literal to its type, then migrate again",
        )),
        _ => Ok(None),
    }
}

/// A declaration of a type.
struct Type {
    name: String,
    /// What it stands for, where it is no struct.
    is: String,
    is_alias: bool,
    /// Names and types, where it is a struct.
    fields: Vec<(String, String)>,
}

/// A declaration of a function.
struct Function {
    name: String,
    is_method: bool,
    parameters: Vec<(String, String)>,
    results: Vec<(String, String)>,
}

/// What says the type of a variable.
enum Of {
    Type(String),
    /// The result of a function at this place, or a conversion.
    Call(String, usize),
}

/// What the files of a package declare.
#[derive(Default)]
struct Declared {
    types: Vec<Type>,
    functions: Vec<Function>,
    /// Variables and parameters.
    variables: Vec<(String, Of)>,
}

thread_local! {
    /// What files declare, by the digest of their text: the files of a package are asked for at each of its places.
    static KNOWN: RefCell<HashMap<[u8; 32], Rc<Declared>>> = RefCell::new(HashMap::new());
}

/// A package of the module.
struct Package<'a> {
    file: File<'a>,
    folder: String,
    /// How the file names it, with the dot; nothing for its own.
    qualifier: String,
    read: OnceCell<Vec<Rc<Declared>>>,
}

impl Package<'_> {
    fn declared(&self) -> &[Rc<Declared>] {
        self.read.get_or_init(|| {
            let own = self.qualifier.is_empty();
            let mut all = Vec::new();
            if own {
                all.push(Rc::new(Declared::of(self.file.text, true)));
            }
            let others = self.file.tree.named(&["*.go"]).into_iter().filter(|path| {
                let is_own = own && path.as_slice() == self.file.source.path;
                folder(&path.to_string()) == self.folder && !path.ends_with(b"_test.go") && !is_own
            });
            for path in others.take(MOST_FILES) {
                let text = self.file.tree.read(path.as_ref()).and_then(|bytes| String::from_utf8(bytes).ok());
                all.extend(text.map(|text| Declared::of_other(&text)));
            }
            all
        })
    }

    fn types(&self) -> impl Iterator<Item = &Type> {
        self.declared().iter().flat_map(|declared| &declared.types)
    }

    /// The package of the same module that the file calls `name`.
    fn sibling(&self, name: &str) -> Option<Package<'_>> {
        let path = self.file.text.lines().find_map(|line| {
            let (head, rest) = line.trim().split_once('"')?;
            let (path, _) = rest.split_once('"')?;
            let alias = head.trim_start_matches("import").trim();
            let own = path.rsplit('/').next() == Some(name);
            (alias == name || alias.is_empty() && own).then_some(path)
        })?;
        let (manifest, text) = nearest(self.file.tree, std::str::from_utf8(self.file.source.path).ok()?, "go.mod")?;
        let module = text.lines().find_map(|line| line.trim().strip_prefix("module "))?.trim().trim_matches('"');
        let below = path.strip_prefix(module)?.strip_prefix('/')?;
        let folder = format!("{}{below}/", folder(&manifest));
        Some(Package { file: self.file, folder, qualifier: format!("{name}."), read: OnceCell::new() })
    }

    /// The types that the node at `at` may have to be of.
    fn expected(&self, path: &Path<'_>, at: usize) -> Vec<String> {
        let text = self.file.text;
        let one = |found: Option<String>| found.into_iter().collect();
        let list = path.0.get(at + 1);
        let place = list.map_or(0, |list| position(*list, path.0[at]));
        match (path.kind(at + 1), path.kind(at + 2)) {
            ("literal_element", _) => one(self.element(path, at + 1)),
            ("argument_list", "call_expression") => {
                let function = path.field(at + 2, "function", text).unwrap_or_default();
                self.of_functions(function, place, |known| &known.parameters)
            }
            ("expression_list", "return_statement") => one(result(path, at, text).into_iter().nth(place).map(|(_, kind)| kind)),
            ("expression_list", "assignment_statement") => {
                let left = path.0[at + 2].child_by_field_name("left").and_then(|left| left.named_child(u32::try_from(place).ok()?));
                left.map_or_else(Vec::new, |left| self.variables(&text[left.byte_range()]))
            }
            ("binary_expression", _) if matches!(path.field(at + 1, "operator", text), Some("==" | "!=")) => {
                let other = if path.is_field(at, "left") { "right" } else { "left" };
                self.variables(path.field(at + 1, other, text).unwrap_or_default())
            }
            _ => Vec::new(),
        }
    }

    /// The type of the element of a composite literal.
    fn element(&self, path: &Path<'_>, element: usize) -> Option<String> {
        let keyed = path.kind(element + 1) == "keyed_element";
        let body = if keyed { element + 2 } else { element + 1 };
        let whole = match path.kind(body + 1) {
            "composite_literal" => path.field(body + 1, "type", self.file.text)?.to_owned(),
            "literal_element" => self.element(path, body + 1)?,
            _ => return None,
        };
        let whole = whole.trim_start_matches('*');
        if let Some(rest) = whole.strip_prefix("map[") {
            let depth = |at: &usize| rest[..=*at].matches('[').count() + 1 == rest[..=*at].matches(']').count();
            return rest.match_indices(']').map(|(at, _)| at).find(depth).map(|at| rest[at + 1..].to_owned());
        }
        if whole.starts_with('[') {
            return whole.split_once(']').map(|(_, kind)| kind.to_owned());
        }
        let fields = self.fields(whole, 0)?;
        let node = path.0.get(element + 1)?;
        if !keyed {
            return fields.into_iter().nth(position(*node, path.0[element])).map(|(_, kind)| kind);
        }
        let key = &self.file.text[node.named_child(0)?.byte_range()];
        fields.into_iter().find(|(name, _)| name == key).map(|(_, kind)| kind)
    }

    /// The fields of a struct, their types as the file would name them.
    fn fields(&self, kind: &str, depth: usize) -> Option<Vec<(String, String)>> {
        if let Some((package, name)) = kind.split_once('.').filter(|_| self.qualifier.is_empty()) {
            return self.sibling(package)?.fields(name, depth);
        }
        let found = self.types().find(|known| known.name == kind)?;
        if found.fields.is_empty() && depth < LONGEST_CHAIN {
            return self.fields(&found.is, depth + 1);
        }
        Some(found.fields.iter().map(|(name, kind)| (name.clone(), self.qualified(kind))).collect())
    }

    fn qualified(&self, kind: &str) -> String {
        let is_own = self.types().any(|known| known.name == kind);
        if is_own { format!("{}{kind}", self.qualifier) } else { kind.to_owned() }
    }

    /// The types of a parameter, or a result, of all functions that a call can be of.
    fn of_functions(&self, function: &str, place: usize, list: impl Fn(&Function) -> &Vec<(String, String)>) -> Vec<String> {
        let (operand, name) = function.rsplit_once('.').unwrap_or(("", function));
        let sibling =
            Some(operand).filter(|operand| self.qualifier.is_empty() && !operand.is_empty()).and_then(|operand| self.sibling(operand));
        let (package, is_method) = sibling.as_ref().map_or((self, !operand.is_empty()), |sibling| (sibling, false));
        let all = package
            .declared()
            .iter()
            .flat_map(|declared| &declared.functions)
            .filter(|known| known.name == name && known.is_method == is_method);
        let of = |known: &Function| {
            let list = list(known);
            let rest = list.last().filter(|(_, kind)| kind.starts_with("..."));
            let (_, kind) = list.get(place).or(rest)?;
            Some(package.qualified(kind.trim_start_matches("...")))
        };
        all.filter_map(of).collect()
    }

    /// The types of all variables of a name, and of all fields where it is one.
    fn variables(&self, written: &str) -> Vec<String> {
        if let Some((_, field)) = written.rsplit_once('.') {
            let fields = self.types().flat_map(|known| &known.fields);
            return fields.filter(|(name, _)| name == field).map(|(_, kind)| kind.clone()).collect();
        }
        let all = self.declared().iter().flat_map(|declared| &declared.variables).filter(|(name, _)| name == written);
        let of = |(_, of): &(String, Of)| match of {
            Of::Type(kind) => vec![kind.clone()],
            Of::Call(function, 0) if self.named(function, 0).is_some() => vec![function.clone()],
            Of::Call(function, place) => self.of_functions(function, *place, |known| &known.results),
        };
        all.flat_map(of).collect()
    }

    /// The type as the file names it, where it is a string with a name of its own.
    fn named(&self, kind: &str, depth: usize) -> Option<String> {
        if let Some((package, name)) = kind.split_once('.').filter(|_| self.qualifier.is_empty()) {
            return self.sibling(package)?.named(name, depth);
        }
        let found = self.types().find(|known| known.name == kind).filter(|_| depth < LONGEST_CHAIN)?;
        let below = || self.named(&found.is, depth + 1);
        let is_one = if found.is_alias {
            below().is_some()
        } else {
            found.is == "string" || below().is_some() || self.is_alias_of_string(&found.is)
        };
        is_one.then(|| format!("{}{kind}", self.qualifier))
    }

    fn is_alias_of_string(&self, kind: &str) -> bool {
        self.types().any(|known| known.name == kind && known.is_alias && known.is == "string")
    }
}

/// What a list holds.
fn children(list: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = list.walk();
    list.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

/// Where a node stands among those of a list.
fn position(list: Node<'_>, node: Node<'_>) -> usize {
    children(list).into_iter().position(|child| child == node).unwrap_or_default()
}

/// The results of the function around a place.
fn result(path: &Path<'_>, at: usize, text: &str) -> Vec<(String, String)> {
    let function = path.0[at..].iter().find(|node| matches!(node.kind(), "function_declaration" | "method_declaration" | "func_literal"));
    function.and_then(|function| function.child_by_field_name("result")).map_or_else(Vec::new, |result| listed(result, text))
}

/// Names and types of parameters, results or fields; a single result has no list.
fn listed(list: Node<'_>, text: &str) -> Vec<(String, String)> {
    if !matches!(list.kind(), "parameter_list" | "field_declaration_list") {
        return vec![(String::new(), text[list.byte_range()].to_owned())];
    }
    let mut all = Vec::new();
    for declaration in children(list) {
        let Some(kind) = declaration.child_by_field_name("type").map(|kind| &text[kind.byte_range()]) else { continue };
        let kind = if declaration.kind().starts_with("variadic") { format!("...{kind}") } else { kind.to_owned() };
        let mut cursor = declaration.walk();
        let names: Vec<String> =
            declaration.children_by_field_name("name", &mut cursor).map(|name| text[name.byte_range()].to_owned()).collect();
        if names.is_empty() {
            all.push((String::new(), kind));
        } else {
            all.extend(names.into_iter().map(|name| (name, kind.clone())));
        }
    }
    all
}

impl Declared {
    /// What another file declares; its variables mean nothing here.
    fn of_other(text: &str) -> Rc<Self> {
        let digest: [u8; 32] = Sha256::digest(text).into();
        if let Some(known) = KNOWN.with_borrow(|known| known.get(&digest).cloned()) {
            return known;
        }
        let declared = Rc::new(Self::of(text, false));
        KNOWN.with_borrow_mut(|known| {
            if known.len() >= MOST_FILES {
                known.clear();
            }
            known.insert(digest, declared.clone());
        });
        declared
    }

    /// What a file declares, variables where they are wanted.
    fn of(text: &str, variables: bool) -> Self {
        let mut declared = Self::default();
        if let Ok(tree) = tree::parse(&grammar(), text) {
            declared.add(&tree, text, variables);
        }
        declared
    }

    fn add(&mut self, tree: &tree_sitter::Tree, text: &str, variables: bool) {
        let mut stack = vec![tree.root_node()];
        while let Some(node) = stack.pop() {
            let field = |name: &str| node.child_by_field_name(name);
            let written = |name: &str| field(name).map(|field| text[field.byte_range()].to_owned());
            match node.kind() {
                "type_spec" | "type_alias" => {
                    let kind = field("type");
                    let fields = kind.filter(|kind| kind.kind() == "struct_type").and_then(|kind| kind.named_child(0));
                    // Tags of fields can hold anything.
                    let is = kind.filter(|_| fields.is_none()).map(|kind| text[kind.byte_range()].to_owned()).unwrap_or_default();
                    self.types.extend(written("name").map(|name| Type {
                        name,
                        is,
                        is_alias: node.kind() == "type_alias",
                        fields: fields.map_or_else(Vec::new, |fields| listed(fields, text)),
                    }));
                }
                "function_declaration" | "method_declaration" => {
                    let list = |name: &str| field(name).map_or_else(Vec::new, |list| listed(list, text));
                    let (parameters, results) = (list("parameters"), list("result"));
                    let is_method = node.kind() == "method_declaration";
                    self.functions.extend(written("name").map(|name| Function { name, is_method, parameters, results }));
                }
                "var_spec" | "parameter_declaration" if variables => {
                    let kind = written("type");
                    let mut cursor = node.walk();
                    let names = node.children_by_field_name("name", &mut cursor).map(|name| text[name.byte_range()].to_owned());
                    self.variables.extend(names.filter_map(|name| Some((name, Of::Type(kind.clone()?)))));
                }
                "short_var_declaration" if variables => {
                    let names = field("left").into_iter().flat_map(children);
                    let values: Vec<Node<'_>> = field("right").into_iter().flat_map(children).collect();
                    for (place, name) in names.enumerate() {
                        let (value, place) =
                            if values.len() == 1 { (values[0], place) } else { (values[place.min(values.len().saturating_sub(1))], 0) };
                        let function = value.child_by_field_name("function").map(|function| text[function.byte_range()].to_owned());
                        let of = match value.kind() {
                            "interpreted_string_literal" | "raw_string_literal" => Some(Of::Type("string".to_owned())),
                            _ => function.map(|function| Of::Call(function, place)),
                        };
                        self.variables.extend(of.map(|of| (text[name.byte_range()].to_owned(), of)));
                    }
                }
                _ => {}
            }
            stack.extend(children(node));
        }
    }
}
