//! From the SDK's errors to ours. Owns: which code means what. Must not: repeat a request's content; messages of the service hold none.

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use super::super::StoreError;
use super::super::http::{cause, no_answer};

/// What was asked.
#[derive(Clone, Copy)]
pub(in super::super) struct Call<'a> {
    /// Where: the scheme and host of the service.
    pub at: &'a str,
    /// The secret, or the service where none is meant.
    pub name: &'a str,
    /// The IAM action it needs.
    pub action: &'a str,
}

/// The error of a call.
pub(super) fn failed<E>(call: Call<'_>, error: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let message = service.err().message().unwrap_or_default();
            of_code(call, code, message, service.raw().status().as_u16())
        }
        SdkError::ConstructionFailure(_) => StoreError::Unusable(format!("the request cannot be made: {}", cause(error))),
        SdkError::DispatchFailure(_) if is_about_credentials(error) => no_credentials(error),
        SdkError::TimeoutError(_) => StoreError::Unreachable(no_answer(call.at, call.action, "it took too long")),
        _ => StoreError::Unreachable(no_answer(call.at, call.action, &cause(error))),
    }
}

/// What is said where the usual chain gives no credentials.
pub(in super::super) fn no_credentials(error: &dyn std::error::Error) -> StoreError {
    let cause = cause(error);
    let cause = cause.trim_end_matches(" Attempted").trim_end_matches('.');
    StoreError::Unusable(format!(
        "there are no AWS credentials to use ({cause}): sign in (aws sso login, aws login), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give \
         --profile"
    ))
}

/// Whether the chain of causes tells that no credentials were found; the SDK has no code for it.
fn is_about_credentials(error: &dyn std::error::Error) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.to_string().contains("credentials"))
}

/// The error that a code of the service is.
pub(in super::super) fn of_code(call: Call<'_>, code: &str, message: &str, status: u16) -> StoreError {
    let name = call.name.to_owned();
    let said = |text: &str| if text.is_empty() { code.to_owned() } else { format!("{code}: {text}") };
    match code {
        "ResourceNotFoundException" | "ParameterNotFound" | "ParameterVersionNotFound" | "InvalidResourceId" => {
            StoreError::NotFound { name }
        }
        "ResourceExistsException" | "ParameterAlreadyExists" => StoreError::Exists { name },
        "InvalidRequestException" if is_about_deletion(message) => StoreError::PendingDeletion { name },
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => match denied_action(message) {
            None if message.contains("KMS") => {
                StoreError::Key { name, detail: "the identity may not use it (kms:GenerateDataKey, kms:Decrypt)".to_owned() }
            }
            named => StoreError::Denied { name, action: named.unwrap_or(call.action).to_owned() },
        },
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            StoreError::Throttled(code.to_owned())
        }
        "EncryptionFailure" | "DecryptionFailure" | "KMSAccessDeniedException" | "InvalidKeyId" => {
            StoreError::Key { name, detail: said(message) }
        }
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => StoreError::Unusable(format!("AWS does not take these credentials: {}", said(message))),
        "InternalServiceError" | "InternalFailure" | "ServiceUnavailable" => {
            StoreError::Unreachable(format!("{}: {}", call.action, said(message)))
        }
        "" if status >= 500 => StoreError::Unreachable(format!("{} answered {status} without a reason", call.action)),
        "" => StoreError::Invalid { name, detail: format!("{} answered {status} without a reason", call.action) },
        _ => StoreError::Invalid { name, detail: said(message) },
    }
}

/// The action that the service names: creating a secret with tags takes two.
fn denied_action(message: &str) -> Option<&str> {
    let action = message.split_once("perform: ")?.1.split_whitespace().next()?.trim_end_matches(['.', ',']);
    let is_action = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b':');
    (action.contains(':') && is_action(action)).then_some(action)
}

fn is_about_deletion(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("scheduled for deletion") || message.contains("marked for deletion") || message.contains("marked deleted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_errors_that_name_what_to_do() {
        let call = Call { at: "", name: "a", action: "secretsmanager:CreateSecret" };
        let said = |code, message, status| of_code(call, code, message, status).to_string();
        assert_eq!(said("AccessDeniedException", "x", 400), "a: access denied: the identity needs secretsmanager:CreateSecret");
        let tags = "User: arn:aws:iam::1:user/a is not authorized to perform: secretsmanager:TagResource on resource: a because";
        assert_eq!(said("AccessDeniedException", tags, 400), "a: access denied: the identity needs secretsmanager:TagResource");
        assert!(matches!(of_code(call, "AccessDeniedException", "Access to KMS is not allowed", 400), StoreError::Key { .. }));
        assert!(matches!(
            of_code(call, "InvalidRequestException", "a secret with this name is already scheduled for deletion", 400),
            StoreError::PendingDeletion { .. }
        ));
        // What STS says of a wrong secret key.
        assert_eq!(said("SignatureDoesNotMatch", "", 403), "AWS does not take these credentials: SignatureDoesNotMatch");
        assert_eq!(said("InvalidRequestException", "other", 400), "a: InvalidRequestException: other");
        assert_eq!(said("", "", 500), "secretsmanager:CreateSecret answered 500 without a reason");
        assert_eq!(said("ThrottlingException", "", 400), "the store kept turning requests away (ThrottlingException); try again later");
    }
}
