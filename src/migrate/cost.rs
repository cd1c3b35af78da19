//! What a store takes a month. Owns: the estimate. Must not: be taken for a bill: the constants are from public examples and can be replaced.

use serde::{Deserialize, Serialize};

/// Prices in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// A secret, or a replica of one, a month.
    pub secret: f64,
    /// 10,000 calls to the store.
    pub calls: f64,
    /// 10,000 calls to the key service, where the key is one's own.
    pub decryptions: f64,
}

/// What AWS Secrets Manager and KMS cost in AWS's public examples.
pub const AWS: Prices = Prices { secret: 0.40, calls: 0.05, decryptions: 0.03 };
/// What standard parameters cost: nothing but the key, where it is one's own.
pub const SSM: Prices = Prices { secret: 0.0, calls: 0.0, decryptions: 0.03 };
/// What Google Secret Manager and Cloud KMS cost without what is free: an active version a location, and each access.
/// Source: <https://cloud.google.com/secret-manager/pricing> and <https://cloud.google.com/kms/pricing>, as stored in 2026.
pub const GCP: Prices = Prices { secret: 0.06, calls: 0.03, decryptions: 0.03 };
/// What Azure Key Vault costs, in its standard tier: each call, and nothing for keeping. Source: what Microsoft answers in
/// <https://learn.microsoft.com/answers/questions/5608202>; prices differ by region (<https://azure.microsoft.com/pricing/details/key-vault/>).
pub const AZURE: Prices = Prices { secret: 0.0, calls: 0.03, decryptions: 0.0 };
/// What a file or a server of one's own costs here.
pub const LOCAL: Prices = Prices { secret: 0.0, calls: 0.0, decryptions: 0.0 };

/// Prices that come in place of the known ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnPrices {
    /// A secret, or a replica of one, a month.
    pub secret: Option<f64>,
    /// 10,000 calls to the store.
    pub calls: Option<f64>,
    /// 10,000 calls to the key service.
    pub decryptions: Option<f64>,
}

impl OwnPrices {
    /// The known prices, but for its own.
    #[must_use]
    pub fn instead_of(self, known: Prices) -> Prices {
        Prices {
            secret: self.secret.unwrap_or(known.secret),
            calls: self.calls.unwrap_or(known.calls),
            decryptions: self.decryptions.unwrap_or(known.decryptions),
        }
    }

    /// Whether each is a price.
    #[must_use]
    pub fn are_prices(&self) -> bool {
        [self.secret, self.calls, self.decryptions].into_iter().flatten().all(|price| price.is_finite() && price >= 0.0)
    }
}

/// What is paid for in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Secrets, replicas too. Those that wait for deletion, and managed external ones, cost nothing.
    pub secrets: u64,
    /// Calls to the store.
    pub calls: u64,
    /// Calls to the key service.
    pub decryptions: u64,
}

/// An estimate in US dollars a month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// For keeping the secrets.
    pub secrets: f64,
    /// For so many calls to the store.
    pub calls: u64,
    /// All together.
    pub dollars_a_month: f64,
}

/// The estimate.
#[must_use]
pub fn estimate(prices: Prices, month: Use) -> Cost {
    let tens_of_thousands = |calls: u64| calls as f64 / 10_000.0;
    let secrets = month.secrets as f64 * prices.secret;
    let all = secrets + tens_of_thousands(month.calls) * prices.calls + tens_of_thousands(month.decryptions) * prices.decryptions;
    let cents = |dollars: f64| (dollars * 100.0).round() / 100.0;
    Cost { secrets: cents(secrets), calls: month.calls, dollars_a_month: cents(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_example_is_reproduced() {
        let cost = estimate(AWS, Use { secrets: 10, calls: 30_000, decryptions: 30_000 });
        assert_eq!((cost.secrets, cost.dollars_a_month), (4.0, 4.24));
        let own = OwnPrices { secret: Some(0.5), ..OwnPrices::default() }.instead_of(AWS);
        let cost = estimate(own, Use { secrets: 10, calls: 30_000, decryptions: 30_000 });
        assert_eq!((cost.secrets, cost.dollars_a_month), (5.0, 5.24));
        assert!(estimate(LOCAL, Use { secrets: 10, calls: 1, decryptions: 1 }).dollars_a_month.abs() < f64::EPSILON);
    }
}
