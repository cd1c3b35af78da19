//! Programs of the CDK: what they read while they run is written into a template. Owns: what tells one, the places that take a reference which
//! CloudFormation resolves (`SecretValue`, properties of constructs of level 1), what people are told of others. Must not: guess the type of a property.

use std::ops::Range;

use bstr::ByteSlice as _;

use super::lexical::Spot;
use super::place::{Kind, Place};
use super::tree::Path;
use super::{insert, line_end, line_start};
use crate::rewrite::format::of_own_region;
use crate::rewrite::literal::manual;
use crate::rewrite::{Manual, Wanted};

/// How a language writes programs of the CDK.
pub(super) struct Dialect {
    /// What a line that imports the CDK has.
    imports: &'static [&'static str],
    /// What makes a `SecretValue` of text: the class and how its method follows.
    class: &'static str,
    methods: &'static [&'static str],
    /// What the text is wrapped in besides.
    wrap: &'static str,
    /// The class' method and arguments that refer to a secret: of its name and, where it has one, the member; with how the program names the module.
    refers: fn(&str, Option<&str>, Spelled<'_>) -> String,
    /// How a program can name the class, without it; adds the import where that is missing.
    qualifier: fn(&Dialect, &mut Place, &str) -> Option<String>,
    /// What makes plain text of a `SecretValue`, for properties of level 1.
    unwrap: &'static str,
    /// The form, for people.
    form: &'static str,
}

/// How a program spells its references.
#[derive(Clone, Copy)]
struct Spelled<'a> {
    quote: char,
    /// What stands before names of the module.
    qualifier: &'a str,
}

/// JavaScript and TypeScript.
pub(super) const SCRIPT: Dialect = Dialect {
    imports: &["aws-cdk-lib", "@aws-cdk/", "monocdk"],
    class: "SecretValue",
    methods: &[".unsafePlainText", ".plainText"],
    wrap: "",
    refers: |name, key, Spelled { quote, .. }| {
        let options = key.map(|key| format!(", {{ jsonField: {quote}{key}{quote} }}")).unwrap_or_default();
        format!(".secretsManager({quote}{name}{quote}{options})")
    },
    qualifier: Dialect::imported,
    unwrap: ".unsafeUnwrap()",
    form: "SecretValue.secretsManager('NAME', { jsonField: 'KEY' })",
};
pub(super) const PYTHON: Dialect = Dialect {
    imports: &["aws_cdk"],
    class: "SecretValue",
    methods: &[".unsafe_plain_text", ".plain_text"],
    wrap: "",
    refers: |name, key, Spelled { quote, .. }| {
        let options = key.map(|key| format!(", json_field={quote}{key}{quote}")).unwrap_or_default();
        format!(".secrets_manager({quote}{name}{quote}{options})")
    },
    qualifier: Dialect::imported,
    unwrap: ".unsafe_unwrap()",
    form: "SecretValue.secrets_manager('NAME', json_field='KEY')",
};
pub(super) const JAVA: Dialect = Dialect {
    imports: &["software.amazon.awscdk"],
    class: "SecretValue",
    methods: &[".unsafePlainText", ".plainText"],
    wrap: "",
    refers: |name, key, _| {
        let options = "software.amazon.awscdk.SecretsManagerSecretOptions.builder()";
        let options = key.map(|key| format!(", {options}.jsonField(\"{key}\").build()")).unwrap_or_default();
        format!(".secretsManager(\"{name}\"{options})")
    },
    qualifier: |_, _, text| {
        let package = "software.amazon.awscdk.";
        let has = |name: &str| text.lines().any(|line| line.trim().strip_prefix("import ") == Some(&format!("{package}{name};")));
        // The first version had the class elsewhere.
        let is_second = !text.contains("software.amazon.awscdk.core.");
        is_second.then(|| if has("SecretValue") || has("*") { String::new() } else { package.to_owned() })
    },
    unwrap: ".unsafeUnwrap()",
    form: "SecretValue.secretsManager(\"NAME\", SecretsManagerSecretOptions.builder().jsonField(\"KEY\").build())",
};
pub(super) const GO: Dialect = Dialect {
    imports: &["github.com/aws/aws-cdk-go/awscdk"],
    class: "SecretValue",
    methods: &["_UnsafePlainText", "_PlainText"],
    wrap: "jsii.String",
    refers: |name, key, Spelled { qualifier, .. }| {
        let options = |key| format!("&{qualifier}SecretsManagerSecretOptions{{JsonField: jsii.String(\"{key}\")}}");
        format!("_SecretsManager(jsii.String(\"{name}\"), {})", key.map_or_else(|| "nil".to_owned(), options))
    },
    qualifier: |_, place, text| {
        let module = "\"github.com/aws/aws-cdk-go/awscdk/v2\"";
        let lines = || text.lines().map(str::trim);
        if let Some(line) = lines().find(|line| line.ends_with(module)) {
            let alias = line.strip_suffix(module)?.trim_start_matches("import").trim();
            let plain = alias.chars().all(|character| character.is_alphanumeric() || character == '_') && alias != "_";
            return plain.then(|| format!("{}.", if alias.is_empty() { "awscdk" } else { alias }));
        }
        let below = module.trim_end_matches('"').to_owned() + "/";
        let line = lines().find(|line| line.starts_with(&below)).filter(|_| !text.contains("awscdk."))?;
        let at = text.find(line)?;
        let start = line_start(text, at);
        place.edits.push(insert(start, format!("{}{module}{}", &text[start..at], line_end(text))));
        Some("awscdk.".to_owned())
    },
    unwrap: ".UnsafeUnwrap()",
    form: "awscdk.SecretValue_SecretsManager(jsii.String(\"NAME\"), &awscdk.SecretsManagerSecretOptions{JsonField: jsii.String(\"KEY\")})",
};
pub(super) const CSHARP: Dialect = Dialect {
    imports: &["Amazon.CDK"],
    class: "SecretValue",
    methods: &[".UnsafePlainText", ".PlainText"],
    wrap: "",
    refers: |name, key, _| {
        let options =
            key.map(|key| format!(", new Amazon.CDK.SecretsManagerSecretOptions {{ JsonField = \"{key}\" }}")).unwrap_or_default();
        format!(".SecretsManager(\"{name}\"{options})")
    },
    qualifier: |_, _, text| {
        let is_used = text.lines().any(|line| line.trim() == "using Amazon.CDK;");
        Some(if is_used { String::new() } else { "Amazon.CDK.".to_owned() })
    },
    unwrap: ".UnsafeUnwrap()",
    form: "SecretValue.SecretsManager(\"NAME\", new SecretsManagerSecretOptions { JsonField = \"KEY\" })",
};

/// The reference that comes in a place of such a program.
pub(super) struct Resolved {
    dialect: &'static Dialect,
    /// How the program names the class, without it: `cdk.`.
    qualifier: String,
    /// Whether the place takes text.
    text: bool,
}

impl Resolved {
    /// The expression.
    ///
    /// # Errors
    /// CloudFormation cannot read the reference.
    pub fn expression(&self, wanted: &Wanted<'_>, quote: char) -> Result<String, Manual> {
        of_own_region(wanted)?;
        let Self { dialect, qualifier, text } = self;
        let refers = (dialect.refers)(&wanted.reference.name, wanted.reference.key.as_deref(), Spelled { quote, qualifier });
        let unwrap = if *text { dialect.unwrap } else { "" };
        Ok(format!("{qualifier}{}{refers}{unwrap}", dialect.class))
    }
}

impl Dialect {
    /// Whether a program is one of the CDK.
    fn is_program(&self, text: &str) -> bool {
        let imports = |line: &str| {
            let line = line.trim_start();
            let is_import =
                line.contains("import") || line.contains("require(") || line.starts_with(['}', ')', '"']) || line.starts_with("using ");
            is_import && self.imports.iter().any(|known| line.contains(known))
        };
        text.lines().any(imports)
    }

    /// Makes a place of a program of the CDK one that refers to the secret; `of_resource` is the value of a property of a construct of level 1.
    ///
    /// # Errors
    /// What the program reads here would stand in the template in the clear.
    pub fn fit(&'static self, place: &mut Place, text: &str, of_resource: Option<Range<usize>>) -> Result<(), Manual> {
        if place.kind == Kind::Prose || !self.is_program(text) {
            return Ok(());
        }
        if let Some((whole, qualifier)) = self.made_here(place, text) {
            place.whole = whole;
            place.resolved = Some(Box::new(Resolved { dialect: self, qualifier, text: false }));
            return Ok(());
        }
        let known = of_resource.and_then(|whole| Some((whole, (self.qualifier)(self, place, text)?)));
        if let Some((whole, qualifier)) = known {
            place.whole = whole;
            place.resolved = Some(Box::new(Resolved { dialect: self, qualifier, text: true }));
            return Ok(());
        }
        Err(self.refused(place, text))
    }

    /// The call that makes a `SecretValue` of the literal alone: its bytes, and how it names the class.
    fn made_here(&self, place: &Place, text: &str) -> Option<(Range<usize>, String)> {
        let (mut before, mut after) = (text[..place.whole.start].trim_end(), text[place.whole.end..].trim_start());
        for call in [self.wrap, ""] {
            if let Some(rest) = before.strip_suffix('(').and_then(|rest| rest.strip_suffix(call)).filter(|_| !call.is_empty()) {
                before = rest.trim_end();
                after = after.strip_prefix(',').unwrap_or(after).trim_start().strip_prefix(')')?.trim_start();
            }
        }
        let before = before.strip_suffix('(')?;
        let before = self.methods.iter().find_map(|method| before.strip_suffix(method)?.strip_suffix(self.class))?;
        let after = after.strip_prefix(',').unwrap_or(after).trim_start().strip_prefix(')')?;
        let is_name = |character: char| character.is_alphanumeric() || "_.$".contains(character);
        let qualifier = before.trim_end_matches(is_name).len();
        let whole = qualifier..text.len() - after.len();
        Some((whole, before[qualifier..].to_owned())).filter(|(_, name)| name.is_empty() || name.ends_with('.'))
    }

    /// How a program that imports names can name the class; adds the import where that is missing. None where that is not understood.
    fn imported(&self, place: &mut Place, text: &str) -> Option<String> {
        let module = self.imports.first()?;
        let is_import = |line: &&str| names(line, module);
        let mut imports: Vec<&str> = text.lines().filter(is_import).collect();
        if imports.is_empty() {
            // Modules below it are there: so is what holds them.
            let below = |line: &&str| line.contains(module) && (line.contains("from ") && !line.contains("require("));
            imports = text.lines().filter(below).collect();
        }
        for line in &imports {
            let words: Vec<&str> = line.split(|character: char| !(character.is_alphanumeric() || "_$*".contains(character))).collect();
            let all = match words[..] {
                ["import", "", "*", "", "as", name, ..] | ["import", "*" | "aws_cdk", "as", name, ..] => Some(name),
                ["import", "aws_cdk"] => Some("aws_cdk"),
                ["const" | "let" | "var", name, ..] if line.contains("require(") && !line.contains('{') => Some(name),
                _ => None,
            };
            if let Some(name) = all {
                return Some(format!("{name}."));
            }
        }
        let first = text.find(imports.first()?)?;
        let end = text[..place.whole.start].len();
        let head = &text[..end];
        let listed = head.find(self.class).is_some_and(|at| {
            let statement = head[..at].rfind("import").map(|start| &head[start..]);
            statement.is_some_and(|statement| !statement[..statement.find(self.class).unwrap_or_default()].contains([';', '=', '}']))
        });
        if listed {
            return Some(String::new());
        }
        let start = statement(text, first)?;
        let line = match text[start..].starts_with("from ") {
            true => format!("from aws_cdk import {}", self.class),
            false if text[start..].starts_with("import aws_cdk") => format!("from aws_cdk import {}", self.class),
            false => {
                let quote = if imports.first()?.contains('"') { '"' } else { '\'' };
                let stop = if imports.first()?.trim_end().ends_with(';') { ";" } else { "" };
                format!("import {{ {} }} from {quote}aws-cdk-lib{quote}{stop}", self.class)
            }
        };
        place.edits.push(insert(start, line + line_end(text)));
        Some(String::new())
    }

    /// What people are told of a place whose type is not known.
    fn refused(&self, place: &Place, text: &str) -> Manual {
        let form = self.form;
        let before = &text.as_bytes()[..place.whole.start];
        let near = &before[before.len().saturating_sub(600)..];
        let says = |word: &str| near.find(word).is_some();
        if !around(before).iter().any(|head| is_environment(head)) {
            return manual(
                "the CDK writes what this program reads into a template, where the value would stand in the clear",
                format!("make the secret in Secrets Manager, and refer to it, where the property takes a SecretValue: {form}"),
            );
        }
        let reason = "the CDK writes variables of an environment into a template, where the value would stand in the clear";
        if says("ontainer") || says("ask_image_options") || says("askImageOptions") {
            return manual(
                reason,
                "make the secret in Secrets Manager, take the variable out of environment, and name it among the container's secrets: \
                 secrets: { NAME: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(this, 'ID', 'SECRET'), 'KEY') }",
            );
        }
        if says("Function") || says("ambda") {
            return manual(
                reason,
                "give the function the secret's name in place of the value, allow it to read it (secret.grantRead(function)), and have it ask for the \
                 value outside of its handler",
            );
        }
        manual(
            reason,
            format!("have the program that gets the variable read the secret, or pass {form} where a property takes a SecretValue"),
        )
    }
}

/// Whether a line has the module's name alone, in quotes or as a word.
fn names(line: &str, module: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric() || "/_.-".contains(character));
    let found = |(at, word): (usize, &str)| !is_part(line[..at].chars().next_back()) && !is_part(line[at + word.len()..].chars().next());
    line.match_indices(module).any(found)
}

/// The start of the import that the line at `at` ends: the same, or the line above it that begins one.
fn statement(text: &str, at: usize) -> Option<usize> {
    let begins = |line: &str| line.starts_with("import ") || line.starts_with("from ");
    if begins(&text[at..]) {
        return Some(at);
    }
    let above = &text[..at];
    above.rfind("\nimport ").map(|start| start + 1).or_else(|| above.starts_with("import ").then_some(0))
}

/// What stands before each bracket that is open at the end of a text, the innermost first: `environment: `.
fn around(text: &[u8]) -> Vec<String> {
    /// Brackets further up say nothing of a place.
    const FAR: usize = 8 << 10;
    let text = &text[text.len().saturating_sub(FAR)..];
    let mut closed = 0_usize;
    let mut found = Vec::new();
    for (at, byte) in text.iter().enumerate().rev() {
        match byte {
            b')' | b']' | b'}' => closed += 1,
            b'(' | b'[' | b'{' if closed == 0 => {
                let head = &text[..at];
                let start = head.rfind_byteset(b",;{}()\n").map_or(0, |start| start + 1);
                found.push(head[start..].to_str_lossy().into_owned());
            }
            b'(' | b'[' | b'{' => closed -= 1,
            _ => {}
        }
    }
    found
}

/// Whether what stands before a bracket names variables of an environment: `environment: `, `.environment`, `Environment: &map[string]*string`.
fn is_environment(head: &str) -> bool {
    let head = head.to_ascii_lowercase();
    head.match_indices("environment").any(|(at, word)| {
        let rest = head[at + word.len()..].trim_start_matches("_variables").trim_start_matches("variables").trim_start();
        !head[..at].ends_with(|before: char| before.is_alphanumeric()) && (rest.is_empty() || rest.starts_with([':', '=']))
    })
}

/// Constructs of level 1 whose arguments are no properties of a resource, and what all resources have.
const NO_RESOURCES: [&str; 6] = ["CfnParameter", "CfnOutput", "CfnMapping", "CfnCondition", "CfnRule", "CfnTag"];

/// Whether a name is that of a construct of level 1, of its properties, or of a part of these: `CfnUserProps`, `iam.CfnUser.LoginProfileProperty`.
fn is_resource(name: &str) -> bool {
    name.split(['.', '_']).any(|part| {
        let part = part.strip_prefix("New").unwrap_or(part);
        let kind = part.strip_prefix("Cfn").and_then(|rest| rest.chars().next());
        kind.is_some_and(char::is_uppercase) && !NO_RESOURCES.contains(&part.strip_suffix("Props").unwrap_or(part))
    })
}

/// Whether a property of resources stays as it is, or everybody sees it who sees the resource.
fn is_shown(property: &str) -> bool {
    let name = property.trim_matches(['"', '\'']).to_ascii_lowercase();
    ["environment", "metadata", "userdata", "user_data", "tags"].contains(&name.as_str())
}

/// The bytes of the node at `index` if it is within a property of a construct of level 1: what CloudFormation reads of it is its own text.
pub(super) fn of_resource(path: &Path<'_>, index: usize, text: &str) -> Option<Range<usize>> {
    for at in index..path.0.len() {
        let key = match path.kind(at) {
            "pair" => path.field(at, "key", text),
            "keyword_argument" => path.field(at, "name", text),
            _ => None,
        };
        if key.is_some_and(is_shown) {
            return None;
        }
        let called = match path.kind(at) {
            "new_expression" => path.field(at, "constructor", text),
            "call" => path.field(at, "function", text),
            "statement_block" | "block" => return None,
            _ => None,
        };
        if let Some(called) = called {
            return is_resource(called).then(|| path.0[index].byte_range());
        }
    }
    None
}

/// The same of Java, where a builder's method takes it: `CfnUserProps.builder().password("…")`, `CfnDBInstance.Builder.create(…)…`.
pub(super) fn of_builder(path: &Path<'_>, index: usize, text: &str) -> Option<Range<usize>> {
    let is_argument = path.kind(index + 1) == "argument_list" && path.kind(index + 2) == "method_invocation";
    let alone = is_argument && path.0[index + 1].named_child_count() == 1;
    let method = path.field(index + 2, "name", text).filter(|method| alone && !is_shown(method))?;
    let mut first = method;
    let mut made = path.0[index + 2];
    while made.kind() == "method_invocation" {
        first = &text[made.child_by_field_name("name")?.byte_range()];
        made = made.child_by_field_name("object")?;
    }
    let is_built = first != method && matches!(first, "builder" | "create") && is_resource(&text[made.byte_range()]);
    is_built.then(|| path.0[index].byte_range())
}

/// The same of Go, where it is a field of a struct: the call that makes a pointer of the text.
pub(super) fn of_struct(path: &Path<'_>, index: usize, text: &str) -> Option<Range<usize>> {
    let kinds = ["argument_list", "call_expression", "literal_element", "keyed_element", "literal_value", "composite_literal"];
    let is_field = kinds.iter().zip(index + 1..).all(|(kind, at)| path.kind(at) == *kind);
    let is_pointer = path.field(index + 2, "function", text) == Some(GO.wrap);
    let key = path.0.get(index + 4).and_then(|element| element.named_child(0)).map(|key| &text[key.byte_range()])?;
    let kind = path.field(index + 6, "type", text).filter(|_| is_field && is_pointer && !is_shown(key))?;
    is_resource(kind).then(|| path.0[index + 2].byte_range())
}

/// The same of C#, where it is a member of an initializer: `new CfnUserProps { Password = "…" }`.
pub(super) fn of_initializer(spot: &Spot<'_>) -> Option<Range<usize>> {
    let is_member = spot.before(1) == "=" && matches!(spot.before(3), "{" | ",") && matches!(spot.after(1), "," | "}");
    let open =
        spot.tokens.around(spot.first).next().filter(|open| is_member && spot.tokens.at(*open) == "{" && !is_shown(spot.before(2)))?;
    let arguments = spot.tokens.before(open, 1) == ")" && spot.tokens.before(open, 2) == "(";
    let mut at = if arguments { open.checked_sub(3)? } else { open.checked_sub(1)? };
    let mut name = spot.tokens.at(at).to_owned();
    while spot.tokens.before(at, 1) == "." {
        at = at.checked_sub(2)?;
        name = format!("{}.{name}", spot.tokens.at(at));
    }
    (spot.tokens.before(at, 1) == "new" && is_resource(&name)).then(|| spot.place.whole.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_the_cdk_are_told_by_what_they_import() {
        for (dialect, text, is_cdk) in [
            (&SCRIPT, "import { SecretValue } from 'aws-cdk-lib';\nSecretValue.unsafePlainText('x');\n", true),
            (&SCRIPT, "import {\n  CfnDBInstance,\n} from \"aws-cdk-lib/aws-rds\";\n", true),
            (&SCRIPT, "const cdk = require('@aws-cdk/core');", true),
            (&PYTHON, "from aws_cdk import SecretValue\n", true),
            (&PYTHON, "import aws_cdk as cdk\n", true),
            (&PYTHON, "import boto3\n# made by aws-cdk-lib\n", false),
            (&JAVA, "import software.amazon.awscdk.Stack;\n", true),
            (&GO, "import (\n\t\"github.com/aws/aws-cdk-go/awscdk/v2\"\n)\n", true),
            (&CSHARP, "using Amazon.CDK;\n", true),
            (&CSHARP, "// Amazon.CDK\n", false),
        ] {
            assert_eq!(dialect.is_program(text), is_cdk, "{text}");
        }
    }

    #[test]
    fn brackets_that_are_open_say_where_a_place_is() {
        let text = b"new F(this, 'f', { code: c(), environment: { A: ";
        assert_eq!(around(text), [" environment: ", " ", "new F"]);
        assert!(around(b"a(b) ").is_empty());
        for head in [" environment: ", ".environment", "Environment: &map[string]*string", "environment_variables="] {
            assert!(is_environment(head), "{head}");
        }
        assert!(!is_environment("new CfnEnvironment") && !is_environment("environmentName: "));
    }
}
