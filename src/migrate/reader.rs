//! Who reads the secrets of a plan, where that is another account. Owns: what such a reader takes. Must not: give permissions.
//!
//! Keys of AWS itself (`aws/secretsmanager`) cannot be used by other accounts, whatever policies say.

use super::plan::{Plan, PlannedSecret};
use crate::reference::Backend;

/// The account of a principal, by its ARN; none where it is no principal of IAM.
#[must_use]
pub fn account(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let is_iam = parts.next() == Some("arn") && parts.next()?.starts_with("aws") && parts.next() == Some("iam") && parts.next() == Some("");
    let account = parts.next().filter(|account| is_iam && account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))?;
    parts.next().filter(|who| *who == "root" || who.starts_with("role/") || who.starts_with("user/")).map(|_| account)
}

/// The readers that are of another account than the secrets.
pub fn foreign<'r>(plan: &'r Plan, readers: &'r [String]) -> impl Iterator<Item = &'r str> {
    let home = plan.store.identity.split(' ').next();
    readers.iter().map(String::as_str).filter(move |reader| account(reader) != home)
}

/// Whether the secret is encrypted with a key of one's own.
#[must_use]
pub fn has_own_key(secret: &PlannedSecret) -> bool {
    secret.kms_key.as_deref().is_some_and(|key| !key.starts_with("alias/aws/") && !key.contains(":alias/aws/"))
}

/// Whether all readers can read.
///
/// # Errors
/// A reader that is none, or one of another account and a secret without a key of one's own.
pub fn check(plan: &Plan, readers: &[String]) -> Result<(), String> {
    if plan.store.backend != Backend::Aws && !readers.is_empty() {
        return Err(format!("{} takes no readers: policies are written for AWS Secrets Manager", plan.store.backend.title()));
    }
    if let Some(wrong) = readers.iter().find(|reader| account(reader).is_none()) {
        return Err(format!("{wrong}: a reader is the ARN of a role, a user or an account, such as arn:aws:iam::123456789012:role/app"));
    }
    let without = plan.secrets.iter().find(|secret| !has_own_key(secret));
    match (foreign(plan, readers).next(), without) {
        (Some(reader), Some(secret)) => Err(format!(
            "{reader} is of another account, and {} is encrypted with AWS's own key, which no other account can use: give --kms-key, the ARN of a \
             customer-managed key",
            secret.name
        )),
        _ => Ok(()),
    }
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
    foreign(plan, &plan.readers).map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
