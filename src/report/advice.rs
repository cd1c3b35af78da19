//! The next step for a finding, in a sentence. Owns: its words. Must not: know formats.

use crate::patterns::Pattern;
use crate::patterns::schema::StoreAdvice;

/// What to do now about a secret of this pattern: the pattern's own advice, else where to revoke it and what should take its place.
#[must_use]
pub fn next_step(pattern: &Pattern) -> String {
    if let Some(advice) = &pattern.def.advice {
        return advice.clone();
    }
    let revoke = &pattern.def.revoke;
    match pattern.def.store {
        StoreAdvice::IamRole | StoreAdvice::SsmSession | StoreAdvice::WorkloadIdentity => {
            format!("Revoke it at {revoke} and make no new one: {}.", replacement(pattern.def.store))
        }
        StoreAdvice::SecretsManager | StoreAdvice::Kms | StoreAdvice::Acm | StoreAdvice::ParameterStore => {
            format!("Revoke it at {revoke}, then keep the new one in {}.", pattern.def.store.phrase())
        }
    }
}

/// What takes the place of a credential that needs no store.
fn replacement(store: StoreAdvice) -> &'static str {
    store.phrase().trim_start_matches("no store: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(store: StoreAdvice, advice: Option<&str>) -> Pattern {
        let text = r#"
            provider = "acme"
            name = "Acme"
            docs = "https://acme.test/docs"
            [[pattern]]
            id = "acme-key"
            title = "Acme key"
            severity = "high"
            opens = "All."
            revoke = "https://acme.test/keys"
            store = "kms"
            positive = []
            negative = []
        "#;
        let mut pattern = crate::patterns::schema::parse(text).unwrap().into_patterns().next().unwrap();
        pattern.def.store = store;
        pattern.def.advice = advice.map(str::to_owned);
        pattern
    }

    #[test]
    fn revoke_then_store() {
        assert_eq!(
            next_step(&pattern(StoreAdvice::SecretsManager, None)),
            "Revoke it at https://acme.test/keys, then keep the new one in a secrets manager."
        );
        assert_eq!(
            next_step(&pattern(StoreAdvice::IamRole, None)),
            "Revoke it at https://acme.test/keys and make no new one: an IAM role replaces the key."
        );
    }

    #[test]
    fn the_patterns_own_advice_comes_first() {
        assert_eq!(next_step(&pattern(StoreAdvice::Kms, Some("Wait for its expiry."))), "Wait for its expiry.");
    }
}
