//! Kubernetes manifests: a Secret becomes a SecretProviderClass or an ExternalSecret. Owns: which, and their shapes.
//! Must not: touch what is sealed, or other values of a manifest.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bstr::ByteSlice as _;
use tree_sitter::Node;

use super::native::is_put_together;
use super::yaml::{Found, get, mapping, pairs, word};
use super::{File, Place, only_aws, refused, yaml};
use crate::rewrite::code::{line_end, line_start, next_line};
use crate::rewrite::literal::manual;
use crate::rewrite::{Companion, Manual, Rewritten, Spelling, Splice, Wanted};
use crate::secret::Secret;

/// Files in which a repository says which operator it uses.
const OPERATORS: [&str; 16] = [
    "externalsecret.yaml",
    "externalsecret.yml",
    "external-secret.yaml",
    "external-secret.yml",
    "externalsecrets.yaml",
    "external-secrets.yaml",
    "secretstore.yaml",
    "secretstore.yml",
    "secret-store.yaml",
    "secret-store.yml",
    "clustersecretstore.yaml",
    "cluster-secret-store.yaml",
    "secretproviderclass.yaml",
    "secret-provider-class.yaml",
    "external-secrets.yml",
    "store.yaml",
];

/// Whether a text is a manifest.
pub(super) fn is(text: &str) -> bool {
    let has = |key: &str| text.starts_with(key) || text.contains(&format!("\n{key}"));
    has("apiVersion:") && has("kind:")
}

/// A place in a manifest.
pub(super) fn place(file: &File<'_>, mut found: Found<'_>) -> Result<Place, Manual> {
    let root = found.mappings.last().copied();
    let kind = root.and_then(|root| get(root, "kind", file.text)).map_or("", |kind| word(kind, file.text));
    if kind == "Config" {
        return refused::kubeconfig(file, found);
    }
    if kind != "Secret" || found.scalar.path.len() != 2 || found.is_item {
        return Err(elsewhere(kind, &found));
    }
    let text = &file.text[found.scalar.decode.span.clone()];
    match found.scalar.path[0].as_str() {
        "stringData" => {}
        "data" => {
            let raw = data_encoding::BASE64.decode(text.as_bytes()).ok();
            let Some(raw) = raw.filter(|_| found.scalar.decode.spelling == Spelling::Plain) else {
                return Err(manual("the value is not base64 on one line", "write it under stringData, then migrate again"));
            };
            found.scalar.decode.value = Secret::new(&zeroize::Zeroizing::new(raw));
            found.scalar.decode.spelling = Spelling::Base64 { url: false, padded: true };
        }
        _ => return Err(elsewhere(kind, &found)),
    }
    is_put_together(&found.scalar, &["{{"])?;
    Ok(Place::native(found.scalar, "an operator brings the secret into the cluster", |_, _, _| Ok(Rewritten::default())))
}

fn elsewhere(kind: &str, found: &Found<'_>) -> Manual {
    if kind == "SealedSecret" {
        return manual("the value is sealed", "leave it, or replace the manifest by an ExternalSecret");
    }
    let at = found.scalar.path.join(".");
    let advice = "make an ExternalSecret or SecretProviderClass for the value, then refer to it with valueFrom.secretKeyRef or envFrom";
    manual(format!("{kind} holds the value at {at}, and the secret it could refer to does not exist in the cluster yet"), advice)
}

/// A member of the new object: its key in the Kubernetes Secret and what it refers to.
type Members<'w> = Vec<(String, &'w Wanted<'w>)>;

/// All manifests of a file at once: each Secret is replaced as a whole.
pub(super) fn together(file: &File<'_>, places: &[(Place, &Wanted<'_>)]) -> Result<Rewritten, Manual> {
    let text = file.text;
    let tree = yaml::parse(text)?;
    let mut documents: BTreeMap<usize, Vec<&(Place, &Wanted<'_>)>> = BTreeMap::new();
    let mut roots = BTreeMap::new();
    let root_of = |at: usize| {
        let mut cursor = tree.root_node().walk();
        tree.root_node()
            .named_children(&mut cursor)
            .filter(|node| node.kind() == "document" && node.byte_range().contains(&at))
            .find_map(mapping)
    };
    for place in places.iter().filter(|(place, _)| !place.scalar.path.is_empty()) {
        only_aws(place.1, "an operator in the cluster")?;
        let root = root_of(place.0.scalar.token.start).ok_or_else(|| manual("the manifest is not understood", "replace it by hand"))?;
        roots.insert(root.start_byte(), root);
        documents.entry(root.start_byte()).or_default().push(place);
    }
    let mut out = Rewritten::default();
    for (start, places) in documents {
        let Some(root) = roots.get(&start) else { continue };
        document(file, *root, &places, &mut out)?;
    }
    Ok(out)
}

fn document(file: &File<'_>, root: Node<'_>, places: &[&(Place, &Wanted<'_>)], out: &mut Rewritten) -> Result<(), Manual> {
    let text = file.text;
    let by_hand = |reason: String| manual(reason, "replace the manifest by an ExternalSecret or SecretProviderClass by hand");
    if root.kind() != "block_mapping"
        || line_start(text, root.start_byte()) != root.start_byte() && !text[..root.start_byte()].ends_with('\u{feff}')
    {
        return Err(by_hand("the manifest is within brackets or another one".to_owned()));
    }
    let all = pairs(root, text);
    let mut data = Vec::new();
    let mut kept = Vec::new();
    for (key, value, pair) in &all {
        match *key {
            "apiVersion" | "kind" | "metadata" | "type" => {}
            "data" | "stringData" => {
                data.push(*pair);
                kept.extend(value.and_then(mapping).map(|value| pairs(value, text)).unwrap_or_default());
            }
            other => return Err(by_hand(format!("the Secret has a field {other}, which its replacement lacks"))),
        }
    }
    let is_wanted = |pair: &Node<'_>| places.iter().any(|(place, _)| pair.byte_range().contains(&place.scalar.token.start));
    let left: Vec<&str> = kept.iter().filter(|(.., pair)| !is_wanted(pair)).map(|(key, ..)| *key).collect();
    if !left.is_empty() {
        return Err(manual(
            format!("the Secret also holds {}, which nobody asked to move", left.join(", ")),
            "move what is no credential to a ConfigMap, then migrate again",
        ));
    }
    let value = |key: &str| get(root, key, text);
    let name = value("metadata").and_then(mapping).and_then(|metadata| get(metadata, "name", text)).map(|name| word(name, text));
    let (Some(name), Some(version), Some(kind)) = (name.filter(|name| !name.contains('{')), value("apiVersion"), value("kind")) else {
        return Err(by_hand("the Secret has no name of its own".to_owned()));
    };
    let members: Members<'_> = places.iter().map(|(place, wanted)| (place.scalar.path[1].clone(), *wanted)).collect();
    let secret_type = value("type").map_or("Opaque", |node| word(node, text));
    let store = store_of(file);
    let (new_version, new_kind, spec) = match &store {
        Some(store) => ("external-secrets.io/v1", "ExternalSecret", external_secret(store, name, secret_type, &members)),
        None => ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", provider_class(name, secret_type, &members)?),
    };
    out.splices.push(Splice { span: version.byte_range(), text: new_version.into() });
    out.splices.push(Splice { span: kind.byte_range(), text: new_kind.into() });
    let line = line_end(text);
    out.splices
        .extend(all.iter().filter(|(key, ..)| *key == "type").map(|(.., pair)| Splice { span: line_of(text, *pair), text: "".into() }));
    let spec = spec.replace('\n', line);
    for (number, pair) in data.into_iter().enumerate() {
        let last = places
            .iter()
            .filter(|(place, _)| pair.byte_range().contains(&place.scalar.token.start))
            .map(|(place, _)| place.scalar.token.end)
            .max();
        let span = pair.start_byte()..next_line(text, pair.end_byte().max(last.unwrap_or_default()).saturating_sub(1));
        let ended = if text[span.clone()].ends_with('\n') { line } else { "" };
        let new = if number == 0 { format!("{}{ended}", spec.trim_end()) } else { String::new() };
        out.splices.push(Splice { span, text: new.into() });
    }
    let advice = match store {
        Some(_) => format!("the role of the External Secrets operator needs secretsmanager:GetSecretValue on what {name} refers to"),
        None => format!(
            "mount the SecretProviderClass {name} as a CSI volume in each pod that uses the Secret, with a service account whose role may read it; \
             the Secret is made when the first pod starts (syncSecret.enabled of the CSI driver)"
        ),
    };
    out.companions.push(Companion::Advice(advice));
    Ok(())
}

fn line_of(text: &str, pair: Node<'_>) -> std::ops::Range<usize> {
    line_start(text, pair.start_byte())..next_line(text, pair.end_byte())
}

/// The shape of the AWS provider for the CSI driver.
fn provider_class(name: &str, secret_type: &str, members: &Members<'_>) -> Result<String, Manual> {
    let mut objects: BTreeMap<&str, String> = BTreeMap::new();
    let mut data = String::new();
    for (key, wanted) in members {
        let reference = wanted.reference;
        if reference.name.contains(['"', '\\']) {
            return Err(manual("the name of the secret is not understood", "choose another name"));
        }
        let object = objects.entry(&reference.name).or_default();
        if let Some(member) = &reference.key {
            let is_word = member.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !member.starts_with(|first: char| first.is_ascii_digit());
            let path = if is_word { member.clone() } else { format!("\\\"{member}\\\"") };
            let _ = write!(object, "          - path: \"{path}\"\n            objectAlias: \"{key}\"\n");
        } else {
            let _ = writeln!(object, "        objectAlias: \"{key}\"");
        }
        let _ = write!(data, "        - objectName: \"{key}\"\n          key: \"{key}\"\n");
    }
    let mut spec = "spec:\n  provider: aws\n  parameters:\n    usePodIdentity: \"true\"\n    objects: |\n".to_owned();
    for (secret, object) in &objects {
        let paths = if object.starts_with("          - path") { "        jmesPath:\n" } else { "" };
        let _ = write!(spec, "      - objectName: \"{secret}\"\n        objectType: \"secretsmanager\"\n{paths}{object}");
    }
    let _ = write!(spec, "  secretObjects:\n    - secretName: \"{name}\"\n      type: {secret_type}\n      data:\n{data}");
    Ok(spec)
}

/// The shape of the External Secrets operator.
fn external_secret(store: &(String, String), name: &str, secret_type: &str, members: &Members<'_>) -> String {
    let (kind, store) = store;
    let mut spec =
        format!("spec:\n  refreshInterval: 1h\n  secretStoreRef:\n    kind: {kind}\n    name: {store}\n  target:\n    name: \"{name}\"\n");
    if secret_type != "Opaque" {
        let _ = write!(spec, "    template:\n      type: {secret_type}\n");
    }
    spec += "  data:\n";
    for (key, wanted) in members {
        let _ = write!(spec, "    - secretKey: \"{key}\"\n      remoteRef:\n        key: \"{}\"\n", wanted.reference.name);
        if let Some(member) = &wanted.reference.key {
            let _ = writeln!(spec, "        property: \"{member}\"");
        }
    }
    spec
}

/// Kind and name of the store that the repository's ExternalSecrets use.
fn store_of(file: &File<'_>) -> Option<(String, String)> {
    let others = file.tree.named(&OPERATORS).into_iter().filter_map(|path| file.tree.read(path.as_bstr()));
    let texts = std::iter::once(file.text.as_bytes().to_vec()).chain(others).filter_map(|bytes| String::from_utf8(bytes).ok());
    texts.filter(|text| text.contains("external-secrets.io/")).find_map(|text| store_in(&text))
}

fn store_in(text: &str) -> Option<(String, String)> {
    let tree = yaml::parse(text).ok()?;
    let mut cursor = tree.root_node().walk();
    tree.root_node().named_children(&mut cursor).filter_map(mapping).find_map(|root| {
        let under = |keys: [&str; 2]| get(root, keys[0], text).and_then(mapping).and_then(|inner| get(inner, keys[1], text));
        let kind = word(get(root, "kind", text)?, text);
        if matches!(kind, "SecretStore" | "ClusterSecretStore") {
            return Some((kind.to_owned(), word(under(["metadata", "name"])?, text).to_owned()));
        }
        let store = under(["spec", "secretStoreRef"]).and_then(mapping)?;
        let kind = get(store, "kind", text).map_or("SecretStore", |kind| word(kind, text));
        Some((kind.to_owned(), word(get(store, "name", text)?, text).to_owned()))
    })
}
