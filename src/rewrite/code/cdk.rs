//! Programs of the CDK: what they read while they run is written into a template. Owns: what tells one, the places that take a reference which
//! CloudFormation resolves (`SecretValue`, properties of constructs of level 1), what people are told of others. Must not: guess the type of a property.

use bstr::ByteSlice as _;

use super::place::{Kind, Place};
use super::tree::Path;
use super::{insert, line_end};
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
    /// The class' method and arguments that refer to a secret: of its name and, where it has one, the member.
    refers: fn(&str, Option<&str>, char) -> String,
    /// What makes plain text of a `SecretValue`, for properties of level 1.
    unwrap: &'static str,
    /// The form, for people.
    form: &'static str,
}

/// JavaScript and TypeScript.
pub(super) const SCRIPT: Dialect = Dialect {
    imports: &["aws-cdk-lib", "@aws-cdk/", "monocdk"],
    class: "SecretValue",
    methods: &[".unsafePlainText", ".plainText"],
    wrap: "",
    refers: |name, key, quote| {
        let options = key.map(|key| format!(", {{ jsonField: {quote}{key}{quote} }}")).unwrap_or_default();
        format!(".secretsManager({quote}{name}{quote}{options})")
    },
    unwrap: ".unsafeUnwrap()",
    form: "SecretValue.secretsManager('NAME', { jsonField: 'KEY' })",
};
pub(super) const PYTHON: Dialect = Dialect {
    imports: &["aws_cdk"],
    class: "SecretValue",
    methods: &[".unsafe_plain_text", ".plain_text"],
    wrap: "",
    refers: |name, key, quote| {
        let options = key.map(|key| format!(", json_field={quote}{key}{quote}")).unwrap_or_default();
        format!(".secrets_manager({quote}{name}{quote}{options})")
    },
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
    unwrap: ".unsafeUnwrap()",
    form: "SecretValue.secretsManager(\"NAME\", SecretsManagerSecretOptions.builder().jsonField(\"KEY\").build())",
};
pub(super) const GO: Dialect = Dialect {
    imports: &["github.com/aws/aws-cdk-go/awscdk"],
    class: "SecretValue",
    methods: &["_UnsafePlainText", "_PlainText"],
    wrap: "jsii.String",
    refers: |name, key, _| {
        let options = |key| format!("&awscdk.SecretsManagerSecretOptions{{JsonField: jsii.String(\"{key}\")}}");
        format!("_SecretsManager(jsii.String(\"{name}\"), {})", key.map_or_else(|| "nil".to_owned(), options))
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
        let refers = (dialect.refers)(&wanted.reference.name, wanted.reference.key.as_deref(), quote);
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

    /// Makes a place of a program of the CDK one that refers to the secret; `of_resource` tells a property of a construct of level 1.
    ///
    /// # Errors
    /// What the program reads here would stand in the template in the clear.
    pub fn fit(&'static self, place: &mut Place, text: &str, of_resource: bool) -> Result<(), Manual> {
        if place.kind == Kind::Prose || !self.is_program(text) {
            return Ok(());
        }
        if let Some((whole, qualifier)) = self.made_here(place, text) {
            place.whole = whole;
            place.resolved = Some(Box::new(Resolved { dialect: self, qualifier, text: false }));
            return Ok(());
        }
        if let Some(qualifier) = of_resource.then(|| self.qualifier(place, text)).flatten() {
            place.resolved = Some(Box::new(Resolved { dialect: self, qualifier, text: true }));
            return Ok(());
        }
        Err(self.refused(place, text))
    }

    /// The call that makes a `SecretValue` of the literal alone: its bytes, and how it names the class.
    fn made_here(&self, place: &Place, text: &str) -> Option<(std::ops::Range<usize>, String)> {
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

    /// How the program can name the class; adds the import where that is missing. None where that is not understood.
    fn qualifier(&self, place: &mut Place, text: &str) -> Option<String> {
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

/// Constructs of level 1 whose arguments are no properties of a resource.
const NO_RESOURCES: [&str; 5] = ["CfnParameter", "CfnOutput", "CfnMapping", "CfnCondition", "CfnRule"];

/// Properties of resources that stay as they are, or that everybody sees who sees the resource.
const SHOWN: [&str; 4] = ["environment", "metadata", "userdata", "user_data"];

/// Whether the node at `index` is within a property of a construct of level 1: what CloudFormation reads of it is its own text.
pub(super) fn is_of_resource(path: &Path<'_>, index: usize, text: &str) -> bool {
    for at in index..path.0.len() {
        let key = match path.kind(at) {
            "pair" => path.field(at, "key", text),
            "keyword_argument" => path.field(at, "name", text),
            _ => None,
        };
        if key.is_some_and(|key| SHOWN.contains(&key.trim_matches(['"', '\'']).to_ascii_lowercase().as_str())) {
            return false;
        }
        let called = match path.kind(at) {
            "new_expression" => path.field(at, "constructor", text),
            "call" => path.field(at, "function", text),
            "statement_block" | "block" => return false,
            _ => None,
        };
        let is_resource = |name: &str| {
            let kind = name.strip_prefix("Cfn").and_then(|rest| rest.chars().next());
            kind.is_some_and(char::is_uppercase) && !NO_RESOURCES.contains(&name)
        };
        if let Some(called) = called {
            return called.split('.').any(is_resource);
        }
    }
    false
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
