//! Who reads the secrets of a plan. Owns: who reads which of them, what a reader of another account takes. Must not: give permissions.
//!
//! Keys of AWS itself (`aws/secretsmanager`) cannot be used by other accounts, whatever policies say.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::consumer::Consumer;
use super::plan::{Plan, PlannedSecret};
use crate::reference::Backend;

/// Who reads secrets: `ARN` all of them, `WHAT=ARN` some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Reader {
    /// The program or file of a plan's consumers that it runs, or else a name of secrets, in which `*` stands for any text; none: all secrets.
    pub of: Option<String>,
    /// The ARN of the principal.
    pub arn: String,
}

impl From<String> for Reader {
    fn from(text: String) -> Self {
        // Names of roles can have the sign, too.
        match text.split_once('=').filter(|_| !text.starts_with("arn:")) {
            Some((of, arn)) => Self { of: Some(of.to_owned()), arn: arn.to_owned() },
            None => Self { of: None, arn: text },
        }
    }
}

impl From<Reader> for String {
    fn from(reader: Reader) -> Self {
        reader.to_string()
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Some(of) => write!(formatter, "{of}={}", self.arn),
            None => formatter.write_str(&self.arn),
        }
    }
}

impl Reader {
    /// The program or file that it runs, where it is named by that.
    #[must_use]
    pub fn consumer<'p>(&self, plan: &'p Plan) -> Option<&'p Consumer> {
        plan.consumers.iter().find(|consumer| self.of.as_deref() == Some(consumer.title()))
    }

    /// Whether it reads the secret of this name.
    #[must_use]
    pub fn reads(&self, plan: &Plan, secret: &str) -> bool {
        let by_name = || self.of.as_deref().is_none_or(|of| fits(of, secret));
        self.consumer(plan).map_or_else(by_name, |consumer| consumer.secrets.contains(secret))
    }

    /// Whether it reads any secret of the plan.
    #[must_use]
    pub fn reads_any(&self, plan: &Plan) -> bool {
        plan.secrets.iter().any(|secret| self.reads(plan, &secret.name))
    }

    /// Whether it is of another account than the secrets.
    #[must_use]
    pub fn is_foreign(&self, plan: &Plan) -> bool {
        account(&self.arn) != plan.store.identity.split(' ').next()
    }
}

/// Whether a name is one of a pattern.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The account of a principal, by its ARN; none where it is no principal of IAM.
#[must_use]
pub fn account(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let is_iam = parts.next() == Some("arn") && parts.next()?.starts_with("aws") && parts.next() == Some("iam") && parts.next() == Some("");
    let account = parts.next().filter(|account| is_iam && account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))?;
    parts.next().filter(|who| *who == "root" || who.starts_with("role/") || who.starts_with("user/")).map(|_| account)
}

/// The ARNs of the readers that are of another account than the secrets.
#[must_use]
pub fn foreign<'r>(plan: &Plan, readers: &'r [Reader]) -> Vec<&'r str> {
    arns(readers.iter().filter(|reader| reader.is_foreign(plan)))
}

/// The ARNs of readers, each once.
#[must_use]
pub fn arns<'r>(readers: impl Iterator<Item = &'r Reader>) -> Vec<&'r str> {
    let mut arns: Vec<&str> = Vec::new();
    for reader in readers {
        if !arns.contains(&reader.arn.as_str()) {
            arns.push(&reader.arn);
        }
    }
    arns
}

/// Whether the secret is encrypted with a key of one's own.
#[must_use]
pub fn has_own_key(secret: &PlannedSecret) -> bool {
    secret.kms_key.as_deref().is_some_and(|key| !key.starts_with("alias/aws/") && !key.contains(":alias/aws/"))
}

/// Whether all readers can read.
///
/// # Errors
/// A reader that is none, or reads nothing, or one of another account and a secret without a key of one's own.
pub fn check(plan: &Plan, readers: &[Reader]) -> Result<(), String> {
    if plan.store.backend != Backend::Aws && !readers.is_empty() {
        return Err(format!("{} takes no readers: policies are written for AWS Secrets Manager", plan.store.backend.title()));
    }
    if let Some(wrong) = readers.iter().find(|reader| account(&reader.arn).is_none()) {
        return Err(format!("{wrong}: a reader is the ARN of a role, a user or an account, such as arn:aws:iam::123456789012:role/app"));
    }
    if let Some(wrong) = readers.iter().find(|reader| !plan.secrets.is_empty() && !reader.reads_any(plan)) {
        let known: Vec<&str> =
            plan.consumers.iter().map(Consumer::title).chain(plan.secrets.iter().map(|secret| secret.name.as_str())).collect();
        let of = wrong.of.as_deref().unwrap_or_default();
        return Err(format!("{wrong}: no program and no secret of the plan is called {of:?}; there are {}", known.join(", ")));
    }
    for reader in readers.iter().filter(|reader| reader.is_foreign(plan)) {
        let without = plan.secrets.iter().find(|secret| reader.reads(plan, &secret.name) && !has_own_key(secret));
        if let Some(secret) = without {
            return Err(format!(
                "{} is of another account, and {} is encrypted with AWS's own key, which no other account can use: give --kms-key, the ARN of a \
                 customer-managed key",
                reader.arn, secret.name
            ));
        }
    }
    Ok(())
}

/// What readers of other accounts take besides.
#[must_use]
pub fn warnings(plan: &Plan) -> Vec<String> {
    let warning = |reader| {
        format!(
            "{reader} is of another account: it needs the resource policy and the statement for the key that `unleak migrate policies` writes, \
             and refers to the secrets by their ARN"
        )
    };
    foreign(plan, &plan.readers).into_iter().map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_name_what_they_read() {
        for (text, of) in [
            ("arn:aws:iam::123456789012:role/a=b", None),
            ("services/mail=arn:aws:iam::123456789012:role/a=b", Some("services/mail")),
            ("prod/*=arn:aws:iam::123456789012:root", Some("prod/*")),
            ("*", None),
        ] {
            let reader = Reader::from(text.to_owned());
            assert_eq!((reader.of.as_deref(), reader.to_string().as_str()), (of, text));
        }
        for (pattern, name, is_one) in [
            ("prod/*", "prod/shop/db", true),
            ("*/db", "prod/shop/db", true),
            ("prod/*/db*", "prod/shop/db", true),
            ("*", "prod/shop/db", true),
            ("prod/shop/db", "prod/shop/db", true),
            ("prod/shop/db", "prod/shop/db2", false),
            ("prod/*p/db", "prod/shop/dbp", false),
            ("prod/db*db", "prod/db", false),
            ("", "prod/db", false),
        ] {
            assert_eq!(fits(pattern, name), is_one, "{pattern} {name}");
        }
    }

    #[test]
    fn readers_are_principals_of_an_account() {
        for arn in ["arn:aws:iam::123456789012:role/app", "arn:aws-cn:iam::123456789012:root", "arn:aws:iam::123456789012:user/a/b"] {
            assert_eq!(account(arn), Some("123456789012"), "{arn}");
        }
        for arn in ["*", "arn:aws:iam::*:role/app", "arn:aws:iam::123456789012:policy/x", "arn:aws:s3:::bucket", "arn:aws:iam::1:root", ""]
        {
            assert_eq!(account(arn), None, "{arn}");
        }
    }
}
