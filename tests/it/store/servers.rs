//! Every command with the stores that are servers, from outside: what each has no notion of is refused, and no value gets out.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::options::Shop;
use crate::canary::spellings;
use crate::cli::{assert_exit, text};

/// A tree, a server, and what is said on the way.
struct Trial {
    shop: Shop,
    variables: Vec<(&'static str, String)>,
    /// What nobody may see besides the value of the tree.
    others: Vec<String>,
}

impl Trial {
    /// Runs at the loudest, and looks for the value in what is said.
    #[track_caller]
    fn run(&self, arguments: &[&str], exit: i32) -> (String, String) {
        let mut variables: Vec<(&str, &str)> = self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        variables.extend([("RUST_LOG", "trace"), ("LOG_SIGNABLE_BODY", "true")]);
        let output: Output = self.shop.with(&variables, arguments);
        assert_exit(&output, exit);
        if arguments[0] != "get" {
            self.holds_nothing(&output.stdout, &arguments.join(" "));
        }
        self.holds_nothing(&output.stderr, &arguments.join(" "));
        (text(&output.stdout), text(&output.stderr))
    }

    #[track_caller]
    fn holds_nothing(&self, bytes: &[u8], what: &str) {
        let all = [&self.shop.value].into_iter().chain(&self.others).flat_map(|secret| spellings(secret));
        let found = all.into_iter().find(|spelling| bytes.windows(spelling.len()).any(|window| window == spelling));
        assert!(found.is_none(), "{what} gives the value away");
    }

    #[track_caller]
    fn files_hold_nothing(&self, directory: &Path) {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                self.files_hold_nothing(&entry.path());
            } else {
                self.holds_nothing(&fs::read(entry.path()).unwrap(), &entry.path().display().to_string());
            }
        }
    }
}

#[test]
fn parameters_go_all_the_way_and_stay_where_deletion_would_be_for_good() {
    let shop = Shop::new("");
    let url = shop.fake.url();
    let trial = Trial { shop, variables: vec![("AWS_REGION", "eu-west-1".to_owned()), ("AWS_ENDPOINT_URL", url)], others: Vec::new() };
    let source = trial.shop.sandbox.read("app.py");
    let plan = ["migrate", "plan", "--store", "ssm", "--app", "shop", "--env", "prod", "-o", "plan.json"];
    for (option, reason) in [
        (&["--new-version"][..], "--new-version: a new version of a parameter is in force at once, before it could be proved"),
        (&["--replica-region", "eu-west-2"], "--replica-region: Parameter Store has no replicas"),
        (&["--external-type", "BigIDClientSecret"], "--external-type: Parameter Store has no managed external secrets"),
        (
            &["--reader-role", "arn:aws:iam::123456789012:role/a"],
            "Parameter Store takes no readers: policies are written for AWS Secrets Manager",
        ),
    ] {
        let (_, said) = trial.run(&[&plan[..], option].concat(), 7);
        assert_eq!(said.trim_end(), format!("unleak: error: {reason}"));
    }
    let (said, _) = trial.run(&plan, 0);
    assert!(said.contains("123456789012 eu-west-1") && said.contains("Estimate: $0.00 a month"), "{said}");
    trial.files_hold_nothing(trial.shop.home.path());
    trial.holds_nothing(trial.shop.sandbox.read("plan.json").as_bytes(), "the plan");
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--check"], 0);
    let allowed = ["ssm:AddTagsToResource", "ssm:GetParameter", "ssm:GetParameterHistory", "ssm:PutParameter"];
    assert_eq!(said.lines().skip(1).collect::<Vec<_>>(), allowed.map(|action| format!("  allowed  {action}")));
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--yes"], 4);
    assert!(said.contains("ssm:GetParameter on these parameters"), "{said}");
    assert_eq!(trial.shop.fake.parameters().into_iter().collect::<Vec<_>>(), [("/prod/shop/db-password".to_owned(), 1)]);
    let reference = "ref+awsssm://prod/shop/db-password";
    assert!(trial.shop.sandbox.read(".unleak.env").ends_with(&format!("\nDB_PASSWORD={reference}\n")));

    let expected = format!("test \"$DB_PASSWORD\" = '{}'", trial.shop.value);
    trial.run(&["run", "--", "/bin/sh", "-c", &expected], 0);
    assert_eq!(trial.run(&["get", reference], 0).0, trial.shop.value);
    assert_eq!(trial.run(&["get", "ref+awsssm:///prod/shop/db-password?version=1"], 0).0, trial.shop.value);
    trial.run(&["get", "ref+awsssm://prod/shop/none"], 78);
    trial.run(&["check", ".unleak.env"], 0);
    let (said, _) = trial.run(&["store", "list", "ssm"], 0);
    assert!(said.starts_with("prod/shop/db-password\tlive\t1 versions\t"), "{said}");
    trial.run(&["migrate", "status"], 4);
    let (said, _) = trial.run(&["migrate", "audit"], 4);
    assert!(said.contains("leaked-version") && !said.contains("SecretsManager"), "{said}");
    let (_, said) = trial.run(&["migrate", "policies", "-o", "policies"], 2);
    assert_eq!(said, "unleak: error: policies are written for AWS Secrets Manager, and the secrets are in Parameter Store\n");

    // To another store and back again, by the same server.
    assert_eq!(trial.run(&["store", "copy", "ssm", "aws"], 0).0, "prod/shop/db-password\tcopied\n");
    assert_eq!(trial.run(&["store", "copy", "ssm", "local"], 0).0, "prod/shop/db-password\tcopied\n");
    assert_eq!(trial.run(&["store", "copy", "aws", "ssm"], 0).0, "prod/shop/db-password\tthere already\n");
    let (_, said) = trial.run(&["store", "restore", "ssm", "prod/shop/db-password"], 2);
    assert_eq!(said, "unleak: error: prod/shop/db-password: Parameter Store deletes at once and for good\n");

    let (said, _) = trial.run(&["migrate", "undo", "--yes"], 0);
    let kept =
        "- prod/shop/db-password: Parameter Store deletes at once and for good, so undo does not: delete it yourself when nobody needs it";
    assert!(said.contains(kept), "{said}");
    assert_eq!((trial.shop.sandbox.read("app.py"), trial.shop.fake.parameters().len()), (source, 1));
    // What this plan made is its own again.
    trial.run(&["migrate", "apply", "plan.json", "--yes"], 4);
    trial.files_hold_nothing(trial.shop.home.path());
    trial.files_hold_nothing(trial.shop.sandbox.directory.path());
}

#[cfg(feature = "vault")]
#[test]
fn vault_goes_all_the_way_and_back() {
    use super::fake_vault::{FakeVault, TOKEN};
    use serde_json::json;
    let (shop, vault) = (Shop::new("[store]\nkind = 'vault'\nmount = 'kv'\n[migrate]\nprefix = 'acme'\n"), FakeVault::start());
    let variables = vec![
        ("VAULT_ADDR", vault.url()),
        ("VAULT_TOKEN", TOKEN.to_owned()),
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_ENDPOINT_URL", shop.fake.url()),
    ];
    let trial = Trial { shop, variables, others: vec![TOKEN.to_owned()] };
    let source = trial.shop.sandbox.read("app.py");
    let plan = ["migrate", "plan", "--app", "shop", "--env", "prod", "-o", "plan.json"];
    for (option, reason) in [
        (&["--new-version"][..], "--new-version: a new version in Vault is in force at once, before it could be proved"),
        (&["--replica-region", "eu-west-2"], "--replica-region: Vault has no replicas of single secrets"),
        (&["--kms-key", "alias/a"], "--kms-key: Vault encrypts everything with a key of its own"),
        (&["--external-type", "BigIDClientSecret"], "--external-type: Vault has no managed external secrets"),
    ] {
        let (_, said) = trial.run(&[&plan[..], option].concat(), 7);
        assert_eq!(said.trim_end(), format!("unleak: error: {reason}"));
    }
    trial.run(&plan, 0);
    let text = trial.shop.sandbox.read("plan.json");
    assert!(text.contains(&format!("\"identity\": \"{} kv\"", vault.url())), "{text}");
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--check"], 0);
    assert!(said.contains("\n  allowed  create on kv/data/*, create on kv/metadata/*\n"), "{said}");
    assert_eq!(vault.names().len(), 0);
    trial.run(&["migrate", "apply", "plan.json", "--yes"], 4);
    let name = "kv/acme/prod/shop/db-password";
    assert_eq!(vault.kept(name), [json!({"value": trial.shop.value})]);
    let reference = "ref+vault://kv/acme/prod/shop/db-password#/value";
    assert!(trial.shop.sandbox.read(".unleak.env").ends_with(&format!("\nDB_PASSWORD={reference}\n")));

    let expected = format!("test \"$DB_PASSWORD\" = '{}'", trial.shop.value);
    trial.run(&["run", "--", "/bin/sh", "-c", &expected], 0);
    for text in [reference, "ref+vault://kv/acme/prod/shop/db-password/value", "ref+vault://kv/acme/prod/shop/db-password?version=1#value"]
    {
        assert_eq!(trial.run(&["get", text], 0).0, trial.shop.value);
    }
    vault.put("kv/other", json!({"value": "v1", "user": "app", "nested": {"a": 1}}));
    assert_eq!(trial.run(&["get", "ref+vault://kv/other#/user"], 0).0, "app");
    trial.run(&["get", "ref+vault://kv/other#/none"], 78);
    trial.run(&["check", ".unleak.env"], 0);
    let (said, _) = trial.run(&["store", "list", "vault", "--prefix", "kv/acme"], 0);
    assert!(said.starts_with(&format!("{name}\tlive\t1 versions\t")), "{said}");
    trial.run(&["migrate", "status"], 4);
    trial.run(&["migrate", "audit"], 4);
    trial.run(&["migrate", "policies", "-o", "policies"], 2);
    // Names begin with the mount in Vault alone.
    let copied = format!("{name}\tcopied\n");
    assert_eq!(trial.run(&["store", "copy", "vault", "aws", "--prefix", "kv/acme"], 0).0, copied);
    assert_eq!(trial.shop.fake.secrets().into_keys().collect::<Vec<_>>(), ["acme/prod/shop/db-password"]);
    assert_eq!(trial.run(&["store", "copy", "aws", "vault"], 0).0, "acme/prod/shop/db-password\tthere already\n");

    trial.run(&["migrate", "undo", "--yes"], 0);
    assert_eq!(trial.shop.sandbox.read("app.py"), source);
    let (said, _) = trial.run(&["store", "list", "vault", "--prefix", "kv/acme"], 0);
    assert!(said.starts_with(&format!("{name}\tdeleted\t")), "{said}");
    trial.run(&["get", reference], 78);
    trial.run(&["store", "restore", "vault", name], 0);
    assert_eq!(trial.run(&["get", reference], 0).0, trial.shop.value);
    trial.files_hold_nothing(trial.shop.home.path());

    // Nobody but the environment says where the token goes.
    let without = trial.shop.with(&[("VAULT_TOKEN", TOKEN)], &["get", reference]);
    assert_eq!(crate::cli::text(&without.stderr), "unleak: error: Vault needs its address: VAULT_ADDR or --endpoint-url\n");
    let far = trial.shop.with(&[("VAULT_TOKEN", TOKEN), ("VAULT_ADDR", "http://192.0.2.1:8200")], &["get", reference]);
    assert!(crate::cli::text(&far.stderr).contains("would carry secrets in the clear"));
    let none = trial.shop.with(&[("VAULT_ADDR", &vault.url())], &["get", reference]);
    assert_eq!(crate::cli::text(&none.stderr), "unleak: error: Vault needs a token: VAULT_TOKEN, or `vault login`\n");
}

/// A tree for Google Cloud, where a service account asks.
#[cfg(feature = "gcp")]
fn on_google() -> (Trial, super::fake_gcp::FakeGcp) {
    use super::fake_gcp::{FakeGcp, TOKEN};
    use super::gcp::{service_account, service_key};
    let (shop, google) = (Shop::new("[store]\nkind = 'gcp'\n[migrate]\nprefix = 'acme'\n"), FakeGcp::start());
    let (pem, public) = service_key();
    google.trust(&public);
    let key_file = shop.home.path().join("key.json");
    crate::cli::put(&key_file, &service_account(&google.url(), &pem));
    let variables = vec![
        ("GOOGLE_APPLICATION_CREDENTIALS", key_file.display().to_string()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", google.url()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER", google.url() + "/"),
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_ENDPOINT_URL", shop.fake.url()),
    ];
    let others = vec![TOKEN.to_owned(), pem.lines().nth(5).unwrap().to_owned()];
    (Trial { shop, variables, others }, google)
}

#[cfg(feature = "gcp")]
#[test]
fn google_cloud_goes_all_the_way_and_stays_where_deletion_would_be_for_good() {
    let (trial, google) = on_google();
    let source = trial.shop.sandbox.read("app.py");
    let plan = ["migrate", "plan", "--app", "shop", "--env", "prod", "-o", "plan.json"];
    for (option, reason) in [
        (&["--new-version"][..], "--new-version: a new version in Google Cloud is in force at once, before it could be proved"),
        (&["--external-type", "BigIDClientSecret"], "--external-type: Google Secret Manager has no managed external secrets"),
        (&["--kms-key", "k", "--replica-region", "europe-west1"], "--kms-key: one key does not encrypt in several regions of Google Cloud"),
    ] {
        let (_, said) = trial.run(&[&plan[..], option].concat(), 7);
        assert_eq!(said.trim_end(), format!("unleak: error: {reason}"));
    }
    let (said, _) = trial.run(&plan, 0);
    assert!(said.contains("my-project") && said.contains("Estimate: $0.06 a month"), "{said}");
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--check"], 0);
    assert!(said.contains("\n  allowed  secretmanager.secrets.create, secretmanager.versions.add\n"), "{said}");
    assert!(google.calls().is_empty());
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--yes"], 4);
    assert!(said.contains("roles/secretmanager.secretAccessor"), "{said}");
    let (id, name) = ("acme-prod-shop-db-password", "my-project/acme-prod-shop-db-password");
    assert_eq!(google.kept(id).concat(), trial.shop.value);
    let reference = format!("ref+gcpsecrets://{name}");
    assert!(trial.shop.sandbox.read(".unleak.env").ends_with(&format!("\nDB_PASSWORD={reference}\n")));

    let expected = format!("test \"$DB_PASSWORD\" = '{}'", trial.shop.value);
    trial.run(&["run", "--", "/bin/sh", "-c", &expected], 0);
    for version in ["", "?version=1", "?version=latest"] {
        assert_eq!(trial.run(&["get", &format!("{reference}{version}")], 0).0, trial.shop.value);
    }
    google.put("other-project", "db", Some(r#"{"user":"app","nested":{"a":1}}"#));
    assert_eq!(trial.run(&["get", "ref+gcpsecrets://other-project/db#/user"], 0).0, "app");
    trial.run(&["get", "ref+gcpsecrets://other-project/db#/none"], 78);
    trial.run(&["check", ".unleak.env"], 0);
    let before = google.calls().len();
    let (said, _) = trial.run(&["store", "list", "gcp"], 0);
    assert!(said.starts_with(&format!("{name}\tlive\t-\t")), "{said}");
    assert_eq!(google.calls()[before..], ["secrets.list"], "nothing is asked of each secret");
    trial.run(&["migrate", "status"], 4);
    let (said, _) = trial.run(&["migrate", "audit"], 4);
    assert!(said.contains("leaked-version") && !said.contains("SecretsManager"), "{said}");
    trial.run(&["migrate", "policies", "-o", "policies"], 2);

    let (said, _) = trial.run(&["migrate", "undo", "--yes"], 0);
    assert!(said.contains(&format!("- {name}: Google Cloud deletes at once and for good, so undo does not")), "{said}");
    assert_eq!((trial.shop.sandbox.read("app.py"), google.kept(id).len()), (source, 1));
    trial.run(&["migrate", "apply", "plan.json", "--yes"], 4);
    fs::remove_file(trial.shop.home.path().join("key.json")).unwrap();
    trial.files_hold_nothing(trial.shop.home.path());
    trial.files_hold_nothing(trial.shop.sandbox.directory.path());
}

#[cfg(feature = "gcp")]
#[test]
fn copies_have_the_names_of_their_store_and_each_its_own() {
    let (trial, google) = on_google();
    let (id, name) = ("prod-db", "my-project/prod-db");
    google.put("my-project", id, Some("v"));
    // Names begin with the project in Google Cloud alone, and have no slashes there.
    assert_eq!(trial.run(&["store", "copy", "gcp", "aws"], 0).0, format!("{name}\tcopied\n"));
    assert_eq!(trial.run(&["store", "copy", "aws", "gcp"], 0).0, format!("{id}\tthere already\n"));
    for other in ["x/db", "x-db"] {
        trial.shop.fake.put(other, Some(other));
    }
    let (said, why) = trial.run(&["store", "copy", "aws", "gcp", "--prefix", "x"], 7);
    assert_eq!((said.as_str(), google.kept("x-db").as_slice()), ("x-db\tcopied\n", &["x-db".to_owned()][..]));
    assert!(why.contains("x/db: in Google Secret Manager it has the name of x-db"), "{why}");
    let (_, said) = trial.run(&["store", "restore", "gcp", name], 2);
    assert_eq!(said, format!("unleak: error: {name}: Google Cloud deletes at once and for good\n"));
}

#[cfg(feature = "gcp")]
#[test]
fn no_tree_says_which_project_secrets_go_to() {
    use super::fake_gcp::TOKEN;
    let (trial, google) = on_google();
    google.put("my-project", "db", Some("v"));
    google.put("other-project", "db", Some("w"));
    let reference = "ref+gcpsecrets://my-project/db";
    let url = google.url();
    let ask = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = trial.shop.with(&[&[("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", url.as_str())], variables].concat(), arguments);
        (text(&output.stdout), text(&output.stderr))
    };
    let token = ("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN);
    let unset = "unleak: error: Google Cloud needs a project: --project or GOOGLE_CLOUD_PROJECT\n";
    assert_eq!(ask(&[token], &["store", "list", "gcp"]).1, unset);
    assert!(ask(&[token, ("GOOGLE_CLOUD_PROJECT", "other-project")], &["store", "list", "gcp"]).0.starts_with("other-project/db\t"));
    assert!(ask(&[token], &["store", "list", "gcp", "--project", "my-project"]).0.starts_with("my-project/db\t"));
    assert_eq!(ask(&[token], &["get", reference]).0, "v");
    assert!(ask(&[], &["get", reference]).1.starts_with("unleak: error: Google Cloud needs credentials: GOOGLE_APPLICATION_CREDENTIALS"));
    assert!(ask(&[("GOOGLE_APPLICATION_CREDENTIALS", "/none")], &["get", reference]).1.contains("cannot read /none"));
    let far = [token, ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "http://192.0.2.1")];
    assert!(ask(&far, &["get", reference]).1.contains("would carry secrets in the clear"));
}

/// A tree for Azure, where an application asks.
#[cfg(feature = "azure")]
fn on_azure() -> (Trial, super::fake_azure::FakeAzure) {
    use super::fake_azure::{FakeAzure, PROOFS, TOKEN, VAULT};
    let azure = FakeAzure::start();
    let shop = Shop::new(&format!("[store]\nkind = 'azure'\nendpoint-url = '{}'\n[migrate]\nprefix = 'acme'\n", azure.url()));
    let variables = vec![
        ("AZURE_KEY_VAULT_NAME", VAULT.to_owned()),
        ("AZURE_TENANT_ID", "tenant.of-tests".to_owned()),
        ("AZURE_CLIENT_ID", "client".to_owned()),
        ("AZURE_CLIENT_SECRET", PROOFS[0].to_owned()),
        ("AZURE_AUTHORITY_HOST", azure.url() + "/"),
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_ENDPOINT_URL", shop.fake.url()),
    ];
    (Trial { shop, variables, others: vec![TOKEN.to_owned(), PROOFS[0].to_owned()] }, azure)
}

#[cfg(feature = "azure")]
#[test]
fn azure_goes_all_the_way_and_back() {
    let (trial, azure) = on_azure();
    let source = trial.shop.sandbox.read("app.py");
    let plan = ["migrate", "plan", "--app", "shop", "--env", "prod", "-o", "plan.json"];
    for (option, reason) in [
        (&["--new-version"][..], "--new-version: a new version in Azure is in force at once, before it could be proved"),
        (&["--replica-region", "westeurope"], "--replica-region: Azure replicates a key vault and not single secrets"),
        (&["--kms-key", "k"], "--kms-key: Azure encrypts every key vault with keys of its own"),
        (&["--external-type", "BigIDClientSecret"], "--external-type: Azure Key Vault has no managed external secrets"),
    ] {
        let (_, said) = trial.run(&[&plan[..], option].concat(), 7);
        assert_eq!(said.trim_end(), format!("unleak: error: {reason}"));
    }
    let (said, _) = trial.run(&plan, 0);
    assert!(said.contains("my-vault") && said.contains("Estimate: $0.00 a month"), "{said}");
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--check"], 0);
    assert!(said.contains("\n  allowed  Microsoft.KeyVault/vaults/secrets/recover/action (role Key Vault Secrets Officer"), "{said}");
    let unasked = "Not asked, since only doing it shows whether it is allowed:\n- Microsoft.KeyVault/vaults/secrets/setSecret/action";
    assert!(said.contains(unasked), "{said}");
    assert!(azure.state().secrets().is_empty(), "setting was asked for, and nothing is set");
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--yes"], 4);
    assert!(said.contains("the role Key Vault Secrets User"), "{said}");
    let (id, name) = ("acme-prod-shop-db-password", "my-vault/acme-prod-shop-db-password");
    assert_eq!(azure.kept(id).concat(), trial.shop.value);
    let reference = format!("ref+azurekeyvault://{name}");
    assert!(trial.shop.sandbox.read(".unleak.env").ends_with(&format!("\nDB_PASSWORD={reference}\n")));

    let expected = format!("test \"$DB_PASSWORD\" = '{}'", trial.shop.value);
    trial.run(&["run", "--", "/bin/sh", "-c", &expected], 0);
    let version = azure.put("db", r#"{"user":"app","nested":{"a":1}}"#, 1);
    azure.put("db", r#"{"user":"other"}"#, 1);
    assert_eq!(trial.run(&["get", &format!("ref+azurekeyvault://my-vault/db/{version}#/user")], 0).0, "app");
    assert_eq!(trial.run(&["get", "ref+azurekeyvault://my-vault/db#/user"], 0).0, "other");
    trial.run(&["get", "ref+azurekeyvault://my-vault/db#/none"], 78);
    trial.run(&["check", ".unleak.env"], 0);
    let (said, _) = trial.run(&["store", "list", "azure", "--prefix", "my-vault/acme"], 0);
    assert!(said.starts_with(&format!("{name}\tlive\t1 versions\t")), "{said}");
    trial.run(&["migrate", "status"], 4);
    let (said, _) = trial.run(&["migrate", "audit"], 4);
    assert!(said.contains("leaked-version") && !said.contains("SecretsManager"), "{said}");
    trial.run(&["migrate", "policies", "-o", "policies"], 2);
    // Names begin with the key vault in Azure alone, and have no slashes there.
    assert_eq!(trial.run(&["store", "copy", "azure", "aws", "--prefix", "my-vault/acme"], 0).0, format!("{name}\tcopied\n"));
    assert_eq!(trial.run(&["store", "copy", "aws", "azure"], 0).0, format!("{id}\tthere already\n"));
    for other in ["x/DB", "x-db"] {
        trial.shop.fake.put(other, Some(other));
    }
    let (said, why) = trial.run(&["store", "copy", "aws", "azure", "--prefix", "x"], 7);
    assert_eq!((said.as_str(), azure.kept("x-db").len()), ("x-db\tcopied\n", 1));
    assert!(why.contains("x/DB: in Azure Key Vault it has the name of x-db"), "{why}");

    trial.run(&["migrate", "undo", "--yes"], 0);
    assert_eq!(trial.shop.sandbox.read("app.py"), source);
    let (said, _) = trial.run(&["store", "list", "azure", "--prefix", "my-vault/acme"], 0);
    assert!(said.starts_with(&format!("{name}\tdeleted\t")), "{said}");
    trial.run(&["get", &reference], 78);
    // What this plan deleted it takes back.
    trial.run(&["migrate", "apply", "plan.json", "--yes"], 4);
    assert_eq!(azure.kept(id).len(), 1);
    trial.files_hold_nothing(trial.shop.sandbox.directory.path());
    trial.run(&["migrate", "undo", "--yes"], 0);
    trial.run(&["store", "restore", "azure", name], 0);
    assert_eq!(trial.run(&["get", &reference], 0).0, trial.shop.value);
    trial.files_hold_nothing(trial.shop.home.path());
}

#[cfg(feature = "azure")]
#[test]
fn no_tree_says_which_key_vault_secrets_go_to() {
    use super::fake_azure::TOKEN;
    let (trial, azure) = on_azure();
    azure.put("db", "v", 1);
    let reference = "ref+azurekeyvault://my-vault/db";
    let ask = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = trial.shop.with(variables, arguments);
        (text(&output.stdout), text(&output.stderr))
    };
    let token = ("AZURE_ACCESS_TOKEN", TOKEN);
    let unset = "is the address of one key vault: --key-vault says which\n";
    assert!(ask(&[token], &["store", "list", "azure"]).1.ends_with(unset));
    assert_eq!(
        ask(&[token], &["store", "list", "azure", "--no-config"]).1,
        "unleak: error: Azure needs a key vault: --key-vault or AZURE_KEY_VAULT_NAME\n"
    );
    assert!(ask(&[token], &["store", "list", "azure", "--key-vault", "my-vault"]).0.starts_with("my-vault/db\t"));
    assert_eq!(ask(&[token, ("KEY_VAULT_NAME", "my-vault")], &["get", reference]).0, "v");
    assert!(ask(&[], &["get", reference]).1.starts_with("unleak: error: Azure needs credentials: AZURE_TENANT_ID"));
    let half = [("AZURE_CLIENT_SECRET", "s"), ("AZURE_CLIENT_ID", "c")];
    assert_eq!(ask(&half, &["get", reference]).1, "unleak: error: Azure needs AZURE_TENANT_ID and AZURE_CLIENT_ID\n");
    let evil = ask(&[token], &["get", "ref+azurekeyvault://evil.example/db", "--no-config"]).1;
    assert!(evil.contains("a secret of Azure is named VAULT/SECRET"), "{evil}");
    let far = ask(&[token], &["get", reference, "--key-vault", "my-vault", "--endpoint-url", "http://192.0.2.1"]).1;
    assert!(far.contains("would carry secrets in the clear"), "{far}");
}

#[cfg(unix)]
#[test]
fn files_go_all_the_way_and_back() {
    use std::os::unix::fs::PermissionsExt as _;
    let (shop, place) = (Shop::new("[store]\nkind = 'file'\n[migrate]\nprefix = 'acme'\n"), tempfile::tempdir().unwrap());
    let folder = place.path().join("secrets");
    let shown = folder.display().to_string();
    let (region, url) = ("eu-west-1".to_owned(), shop.fake.url());
    let variables = vec![("UNLEAK_STORE_DIR", shown.clone()), ("AWS_REGION", region), ("AWS_ENDPOINT_URL", url)];
    let trial = Trial { shop, variables, others: Vec::new() };
    let source = trial.shop.sandbox.read("app.py");
    let plan = ["migrate", "plan", "--app", "shop", "--env", "prod", "-o", "plan.json"];
    for (option, reason) in [
        (
            &["--new-version"][..],
            "--new-version: a file has one version, and another one would be in force at once, before it could be proved",
        ),
        (&["--replica-region", "eu-west-2"], "--replica-region: files have no replicas"),
        (&["--kms-key", "k"], "--kms-key: files are not encrypted"),
        (&["--external-type", "BigIDClientSecret"], "--external-type: a folder of files has no managed external secrets"),
    ] {
        let (_, said) = trial.run(&[&plan[..], option].concat(), 7);
        assert_eq!(said.trim_end(), format!("unleak: error: {reason}"));
    }
    let (said, _) = trial.run(&plan, 0);
    assert!(said.contains("the files of the store are not encrypted"), "{said}");
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--check"], 0);
    assert!(said.contains(&format!("\n  allowed  to write in {}\n", place.path().display())), "{said}");
    let (said, _) = trial.run(&["migrate", "apply", "plan.json", "--yes"], 4);
    assert!(said.contains("the files are not encrypted"), "{said}");
    let (name, reference) = (format!("{shown}/acme/prod/shop/db-password"), format!("ref+file://{shown}/acme/prod/shop/db-password"));
    assert_eq!(fs::read_to_string(&name).unwrap(), trial.shop.value);
    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&name), mode(&shown), mode(&format!("{shown}/acme"))), (0o600, 0o700, 0o700));
    assert!(trial.shop.sandbox.read(".unleak.env").ends_with(&format!("\nDB_PASSWORD={reference}\n")));
    let expected = format!("test \"$DB_PASSWORD\" = '{}'", trial.shop.value);
    trial.run(&["run", "--", "/bin/sh", "-c", &expected], 0);
    trial.run(&["check", ".unleak.env"], 0);
    trial.run(&["migrate", "status"], 4);
    trial.run(&["migrate", "audit"], 4);
    // Names begin with the folder there alone.
    assert_eq!(trial.run(&["store", "copy", "file", "aws"], 0).0, format!("{name}\tcopied\n"));
    assert_eq!(trial.run(&["store", "copy", "aws", "file"], 0).0, "acme/prod/shop/db-password\tthere already\n");
    trial.files_hold_nothing(trial.shop.sandbox.directory.path());
    trial.holds_nothing(&fs::read(folder.join(".unleak/about/acme/prod/shop/db-password")).unwrap(), "what is known of it");

    trial.run(&["migrate", "undo", "--yes"], 0);
    assert_eq!((trial.shop.sandbox.read("app.py"), Path::new(&name).exists()), (source, false));
    let (said, _) = trial.run(&["store", "list", "file"], 0);
    assert!(said.starts_with(&format!("{name}\tdeleted\t")), "{said}");
    assert_eq!(trial.run(&["store", "list", "file", "--store-dir", &format!("{shown}/../secrets")], 0).0, said);
    assert_eq!(trial.run(&["store", "list", "file", "--store-dir", &format!("{shown}/../none")], 0).0, "");
    trial.run(&["get", &reference], 78);
    trial.run(&["store", "restore", "file", &name], 0);
    assert_eq!(trial.run(&["get", &reference], 0).0, trial.shop.value);
    trial.files_hold_nothing(trial.shop.home.path());

    // No tree says which files are read, or has them.
    let (_, said) = trial.run(&["get", "ref+file:///etc/hostname"], 78);
    assert_eq!(said, format!("unleak: error: /etc/hostname: it is not in {shown}, the folder of secrets\n"));
    let unset = trial.shop.with(&[], &["get", &reference]);
    assert_eq!(text(&unset.stderr), "unleak: error: files need their folder: --store-dir or UNLEAK_STORE_DIR\n");
    fs::create_dir(place.path().join(".git")).unwrap();
    let (_, said) = trial.run(&plan, 2);
    assert!(said.contains("is in the worktree of git at "), "{said}");
    assert_eq!(trial.run(&["get", &reference], 0).0, trial.shop.value);
}
