//! Addresses of stores. Owns: which of them keep secrets from others on the way, and which are known by their name. Must not: ask one.

use std::net::{IpAddr, Ipv4Addr};

use super::StoreError;

/// Refuses an address that is not private ([`is_private`]).
///
/// # Errors
/// [`StoreError::Unusable`].
pub fn require_private(endpoint: &str) -> Result<(), StoreError> {
    let is_fine = is_private(endpoint);
    is_fine.then_some(()).ok_or_else(|| StoreError::Unusable(format!("{endpoint} would carry secrets in the clear; use https")))
}

/// Whether it is encrypted, or on this machine.
#[must_use]
pub fn is_private(endpoint: &str) -> bool {
    endpoint.starts_with("https://") || is_local(endpoint)
}

/// Whether it is on this machine.
#[must_use]
pub fn is_local(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://")) else { return false };
    let host = host(rest);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether it is a part of the machine, as metadata servers of clouds are: on it, or at an address that no router passes on.
#[must_use]
pub fn is_of_machine(endpoint: &str) -> bool {
    let host = endpoint.strip_prefix("http://").map(host).unwrap_or_default();
    is_local(endpoint) || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_link_local())
}

/// Whether it is a store of AWS itself: Secrets Manager or Systems Manager.
#[must_use]
pub fn is_aws_store(endpoint: &str) -> bool {
    ["secretsmanager", "ssm"].iter().any(|service| is_service(endpoint, service))
}

/// Whether it is this service of AWS itself: by its public name, or through an endpoint in a virtual private cloud.
#[must_use]
pub fn is_service(endpoint: &str, service: &str) -> bool {
    const DOMAINS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_service = |label: &str| label.strip_suffix("-fips").unwrap_or(label) == service;
    let Some(authority) = endpoint.strip_prefix("https://").map(|rest| rest.trim_end_matches('/')) else { return false };
    if !authority.bytes().all(is_plain) {
        return false;
    }
    let Some(name) = DOMAINS.iter().find_map(|domain| authority.strip_suffix(domain)) else { return false };
    match name.split('.').collect::<Vec<_>>().as_slice() {
        [service, _region] => is_service(service),
        [endpoint, service, _region, "vpce"] => endpoint.starts_with("vpce-") && is_service(service),
        _ => false,
    }
}

/// The host of what follows the scheme.
fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.split(']').next()).unwrap_or_else(|| host.split(':').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_and_local_endpoints_are_private() {
        for endpoint in ["https://x.example", "http://127.0.0.1:5000", "http://localhost/", "http://[::1]:80/a", "http://127.9.9.9"] {
            assert!(is_private(endpoint), "{endpoint}");
        }
        for endpoint in ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1@evil.example/", "ftp://localhost", ""] {
            assert!(!is_private(endpoint), "{endpoint}");
        }
    }

    #[test]
    fn metadata_servers_are_a_part_of_the_machine() {
        for endpoint in ["http://169.254.169.254/metadata", "http://localhost:42356/msi/token", "http://127.0.0.1:41741"] {
            assert!(is_of_machine(endpoint), "{endpoint}");
        }
        for endpoint in ["http://169.253.0.1", "http://10.0.0.1", "http://169.254.1.1@evil.example/", "http://169.254.1.1.example", ""] {
            assert!(!is_of_machine(endpoint), "{endpoint}");
        }
    }

    #[test]
    fn only_the_service_itself_is_known_by_its_name() {
        for endpoint in [
            "https://secretsmanager.eu-west-1.amazonaws.com",
            "https://secretsmanager-fips.us-east-1.amazonaws.com/",
            "https://secretsmanager.cn-north-1.amazonaws.com.cn",
            "https://secretsmanager.eu-west-1.api.aws",
            "https://vpce-0a-1b.secretsmanager.eu-west-1.vpce.amazonaws.com",
        ] {
            assert!(is_service(endpoint, "secretsmanager") && is_aws_store(endpoint), "{endpoint}");
        }
        let parameters = "https://ssm.eu-west-1.amazonaws.com";
        assert!(is_aws_store(parameters) && is_service(parameters, "ssm") && !is_service(parameters, "secretsmanager"));
        for endpoint in [
            "http://secretsmanager.eu-west-1.amazonaws.com",
            "https://secretsmanager.s3.eu-west-1.amazonaws.com",
            "https://abc.execute-api.eu-west-1.amazonaws.com",
            "https://secretsmanager.eu-west-1.amazonaws.com.evil.example",
            "https://secretsmanager.eu-west-1.amazonaws.com@evil.example",
            "https://secretsmanager.eu-west-1.amazonaws.com:8443",
            "https://evil.example/secretsmanager.eu-west-1.amazonaws.com",
            "https://vpce.vpce.secretsmanager.eu-west-1.amazonaws.com",
        ] {
            assert!(!is_aws_store(endpoint), "{endpoint}");
        }
    }
}
