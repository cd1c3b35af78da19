//! The catalogue as a page. Owns: its Markdown. Must not: write files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::schema::{Likelihood, Pattern, PatternDef};
use super::{Catalogue, PatternIndex};

/// A page in Markdown with every pattern of the catalogue by provider: what it is, how it is checked, what to do.
#[must_use]
pub fn markdown(catalogue: &Catalogue) -> String {
    let mut providers: BTreeMap<&str, Vec<PatternIndex>> = BTreeMap::new();
    for index in catalogue.indices() {
        providers.entry(&catalogue.pattern(index).provider).or_default().push(index);
    }
    let mut page = head(catalogue, providers.len());
    for indices in providers.values() {
        section(catalogue, indices, &mut page);
    }
    page
}

fn head(catalogue: &Catalogue, providers: usize) -> String {
    let count = |is: &dyn Fn(&PatternDef) -> bool| catalogue.indices().filter(|&index| is(&catalogue.pattern(index).def)).count();
    let total = catalogue.len();
    let by_code = count(&|def| def.detector.is_some());
    let by_word = count(&|def| !def.near.is_empty());
    let checked = count(&|def| def.checksum.is_some());
    let low = count(&|def| def.confidence == Likelihood::Low && !def.opt_in);
    let off = count(&|def| def.opt_in);
    format!(
        "# Patterns\n\
         Made by `unleak patterns docs`; a test fails when it is not up to date. `unleak patterns show ID` tells more of each.\n\n\
         {total} patterns of {providers} providers: {by_word} are told by a word near by, {by_code} by code (keys, URLs, headers, assignments), the \
         others by their own form. {checked} have a checksum or a structure that is verified offline. {low} are of what opens nothing by itself, such as \
         keys that are public by design: they are shown at `--min-confidence low`. {off} are off unless enabled.\n\n\
         *Check* names what is verified offline beyond the form. *Keep it in* is the service that should hold the new one, after the old one is \
         revoked where the link leads.\n"
    )
}

fn section(catalogue: &Catalogue, indices: &[PatternIndex], page: &mut String) {
    let Some(&first) = indices.first() else { return };
    let Pattern { provider_name, docs, .. } = &**catalogue.pattern(first);
    let _ = write!(page, "\n## {provider_name}\n[Documentation]({docs})\n\n");
    page.push_str("| Pattern | Credential | Severity | Check | Revoke | Keep it in |\n| --- | --- | --- | --- | --- | --- |\n");
    for &index in indices {
        let def = &catalogue.pattern(index).def;
        let check = def.checksum.map_or(String::new(), |check| spelled(&check));
        let note = match def.confidence {
            _ if def.opt_in => " (off unless enabled)",
            Likelihood::Low => " (low)",
            Likelihood::Medium | Likelihood::High => "",
        };
        let advice = def.advice.as_ref().map_or(String::new(), |advice| format!(". {}", cell(advice)));
        let _ = writeln!(
            page,
            "| `{}`{note} | {} | {} | {check} | [page]({}) | {}{advice} |",
            def.id,
            cell(&def.title),
            def.severity.name(),
            def.revoke,
            def.store.phrase(),
        );
    }
}

/// Text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// A value as pattern files spell it.
#[must_use]
pub fn spelled(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
