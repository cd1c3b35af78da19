//! Programs of the CDK: what they read while they run is written into a template. Owns: what tells one, and what people are told. Must not: look at
//! the place of a value.

use crate::rewrite::Manual;
use crate::rewrite::literal::manual;

/// How a program in JavaScript, TypeScript or Python imports the CDK.
const IMPORTS: [&str; 5] = ["aws-cdk-lib", "@aws-cdk/", "import aws_cdk", "from aws_cdk", "monocdk"];

/// Refuses programs of the CDK: a variable that one reads stands in the template in the clear.
pub(super) fn is_none(text: &str) -> Result<(), Manual> {
    let imports = |line: &str| {
        let is_import = line.contains("import") || line.contains("require(") || line.trim_start().starts_with("} from");
        is_import && IMPORTS.iter().any(|known| line.contains(known))
    };
    if !text.lines().any(imports) {
        return Ok(());
    }
    Err(manual(
        "the CDK writes what this program reads into a template, where the value would stand in the clear",
        "make the secret in Secrets Manager, and refer to it: SecretValue.secretsManager('NAME', { jsonField: 'KEY' }), in Python \
         SecretValue.secrets_manager('NAME', json_field='KEY')",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_the_cdk_are_told_by_what_they_import() {
        for (text, is_cdk) in [
            ("import { SecretValue } from 'aws-cdk-lib';\nSecretValue.unsafePlainText('x');\n", true),
            (
                "import {\n  CfnDBInstance,\n} from \"aws-cdk-lib/aws-rds\";\nnew CfnDBInstance(this, 'a', { masterUserPassword: 'x' });\n",
                true,
            ),
            ("const cdk = require('@aws-cdk/core');", true),
            ("from aws_cdk import SecretValue\n", true),
            ("import aws_cdk as cdk\n", true),
            ("import boto3\n# made by aws-cdk-lib\n", false),
        ] {
            assert_eq!(is_none(text).is_err(), is_cdk, "{text}");
        }
    }
}
