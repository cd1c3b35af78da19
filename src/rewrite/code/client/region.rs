//! The region that a plan names, in what asks for its secrets. Owns: what makes a client of one region in each helper. Must not: choose the region.

use bstr::ByteSlice as _;

use crate::reference::Reference;
use crate::rewrite::{Companion, Manual};

/// What a helper has without a region, by the ending of its file, and what it has with one: `REGION` stands for that.
const FORMS: [(&str, &str, &str); 12] = [
    (
        "py",
        "from aws_secretsmanager_caching import SecretCache\n\n_cache = SecretCache()",
        "import botocore.session\nfrom aws_secretsmanager_caching import SecretCache\n\n_cache = \
         SecretCache(client=botocore.session.get_session().create_client(\"secretsmanager\", region_name=\"REGION\"))",
    ),
    ("cjs", "new SecretsManagerClient({})", "new SecretsManagerClient({ region: \"REGION\" })"),
    ("ts", "new SecretsManagerClient({})", "new SecretsManagerClient({ region: \"REGION\" })"),
    (
        "java",
        "new SecretCache()",
        "new SecretCache(\n        software.amazon.awssdk.services.secretsmanager.SecretsManagerClient.builder()\n            \
         .region(software.amazon.awssdk.regions.Region.of(\"REGION\")).build())",
    ),
    (
        "kt",
        "= SecretCache()",
        "= SecretCache(\n    software.amazon.awssdk.services.secretsmanager.SecretsManagerClient.builder()\n        \
         .region(software.amazon.awssdk.regions.Region.of(\"REGION\")).build()\n)",
    ),
    ("go", "import (\n", "import (\n\t\"context\"\n"),
    (
        "go",
        "\t\"github.com/aws/aws-secretsmanager-caching-go/v2/secretcache\"\n",
        "\t\"github.com/aws/aws-sdk-go-v2/config\"\n\t\"github.com/aws/aws-sdk-go-v2/service/secretsmanager\"\n\t\
         \"github.com/aws/aws-secretsmanager-caching-go/v2/secretcache\"\n",
    ),
    (
        "go",
        "\tcache, err := secretcache.New()\n",
        "\tsettings, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(\"REGION\"))\n\tif err != nil {\n\t\tpanic(err)\n\t}\n\
         \tcache, err := secretcache.New(func(cache *secretcache.Cache) { cache.Client = secretsmanager.NewFromConfig(settings) })\n",
    ),
    (
        "cs",
        "new SecretsManagerCache()",
        "new SecretsManagerCache(\n            new Amazon.SecretsManager.AmazonSecretsManagerClient(Amazon.RegionEndpoint.GetBySystemName(\"REGION\")))",
    ),
    ("rb", "Aws::SecretsManager::Client.new", "Aws::SecretsManager::Client.new(region: \"REGION\")"),
    ("php", "['version' => 'latest']", "['version' => 'latest', 'region' => 'REGION']"),
    (
        "rs",
        "aws_config::load_defaults(aws_config::BehaviorVersion::latest())",
        "aws_config::defaults(aws_config::BehaviorVersion::latest()).region(aws_config::Region::new(\"REGION\")).load()",
    ),
];

/// The region that references name.
///
/// # Errors
/// It is no name that can stand in code.
pub fn of(reference: &Reference) -> Result<Option<&str>, Manual> {
    let is_plain = |region: &str| region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    match reference.region.as_deref() {
        Some(region) if !is_plain(region) => Err(super::refused(format!("{region} is no region"))),
        region => Ok(region),
    }
}

/// Has helpers among these ask in a region.
pub fn put(companions: &mut [Companion], region: &str) {
    for companion in companions {
        let Companion::NewFile { path, content } = companion else { continue };
        let ending = path.rsplit_str(".").next().unwrap_or_default();
        for (_, without, with) in FORMS.iter().filter(|(known, ..)| known.as_bytes() == ending) {
            *content = content.replace(without, with.replace("REGION", region)).into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_helper_has_what_becomes_another_with_a_region() {
        let files = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rewrite/code/client/files");
        let mut helpers = 0;
        for entry in std::fs::read_dir(files).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let forms: Vec<_> = FORMS.iter().filter(|(known, ..)| *known == ending).collect();
            assert!(!forms.is_empty() || ending == "toml", "{ending}");
            for (_, without, _) in forms {
                assert_eq!(text.matches(without).count(), 1, "{ending}: {without}");
            }
            let mut companions = [Companion::NewFile { path: format!("a.{ending}").into(), content: text.into() }];
            put(&mut companions, "eu-west-3");
            let [Companion::NewFile { content, .. }] = &companions else { unreachable!() };
            helpers += usize::from(content.contains_str("eu-west-3"));
        }
        assert_eq!(helpers, 10);
    }
}
