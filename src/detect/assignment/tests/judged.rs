//! What becomes of assignments at the default threshold.

use bstr::BStr;

use crate::detect::{View, scan};
use crate::patterns::Catalogue;

/// Patterns and values at the default threshold.
pub(super) fn found(path: &str, text: &str) -> Vec<(String, String)> {
    let catalogue = Catalogue::builtin();
    let view = View { bytes: text.as_bytes(), path: BStr::new(path), binary: false, depth: 0 };
    let candidates = scan(&catalogue, &view);
    let reported = candidates.iter().filter(|candidate| candidate.dropped.is_none() && candidate.probability >= 0.5);
    reported
        .map(|candidate| (catalogue.pattern(candidate.pattern).def.id.clone(), String::from_utf8_lossy(&candidate.secret).into_owned()))
        .collect()
}

#[test]
fn credentials_are_found_once() {
    for (path, text, id, value) in [
        ("a.py", "DB_PASSWORD = 'xv7kQ2m9rt'", "generic-password", "xv7kQ2m9rt"),
        ("a.yml", "mysql_root_password: correctwinter4", "generic-password", "correctwinter4"),
        ("a.go", "ClientSecret: \"9f86d081884c7d659a2feaa0c55ad015\"", "generic-secret", "9f86d081884c7d659a2feaa0c55ad015"),
        ("a.sh", "DB_PASSWORD=\"${1:-xv7kQ2m9rt}\"", "generic-password", "xv7kQ2m9rt"),
        (".env", "SECRET_KEY=u7Rk29dLxQ0aZt81mWpe", "generic-api-key", "u7Rk29dLxQ0aZt81mWpe"),
        ("a.py", "get(url, auth=('ann', 'xv7kQ2m9rt'))", "generic-password", "xv7kQ2m9rt"),
        ("a.ts", "password: SecretValue.unsafePlainText('xv7kQ2m9rt'),", "generic-password", "xv7kQ2m9rt"),
        ("a.py", "SecretValue.unsafe_plain_text('correctwinter4')", "generic-password", "correctwinter4"),
        ("a.py", "config.set('db', 'password', 'xv7kQ2m9rt')", "generic-password", "xv7kQ2m9rt"),
        ("a.py", "rows = [\"ann\", \"password\", \"xv7kQ2m9rt\", \"host\"]", "generic-password", "xv7kQ2m9rt"),
        ("a.js", "setAuthToken('u7Rk29dLxQ0aZt81mWpeu7Rk29dL')", "generic-token", "u7Rk29dLxQ0aZt81mWpeu7Rk29dL"),
    ] {
        assert_eq!(found(path, text), [(id.to_owned(), value.to_owned())], "{text}");
    }
}

#[test]
fn what_is_no_credential_is_not_found() {
    for (path, text) in [
        ("a.py", "password = 'Enter your password:'"),
        ("a.py", "password_hash = '9f86d081884c7d659a2feaa0c55ad015'"),
        ("a.py", "public_key = '9f86d081884c7d659a2feaa0c55ad015'"),
        ("a.cs", "PublicKeyToken=b77a5c561934e089"),
        ("a.yml", "password: changeme_please_your_own"),
        ("a.yml", "secretName: database-credentials"),
        ("a.json", "{\"key\": \"userName\"}"),
        ("a.ts", "SecretValue.unsafePlainText('')"),
        ("app/src/main/res/values-de/strings.xml", "<string name=\"auth_password\">Passwort</string>"),
        ("app/src/main/res/values-pt-rBR/strings.xml", "<string name=\"auth_password\">Senhador</string>"),
        ("app/src/main/res/values-b+sr+Latn/strings.xml", "<string name=\"auth_password\">Lozinkama</string>"),
        ("site.conf", "uwsgi_pass mailman_backend1;"),
        ("site.conf", "fastcgi_pass php7backend;"),
        ("schema.Oracle", "        Password                VARCHAR2(256),"),
        ("a.pl", "passwd => undef,"),
        ("a.eml", "\tRCVD_IN_LIST=-0.7, SPF_PASS=-0.001] autolearn=ham"),
        ("a.sh", "docker login --username AWS --password-stdin 271828182845.registry.internal"),
        ("a.yml", "runner__apt_key: 'F6403F6544A38863DAA0B6E03F01618A51312F3F'"),
        ("A.hs", "sampleKeyEd25519 = \"MCowBQYDK2VwAyEAfAWIXnMJlWRkQtKzXxPaXb0b1XmMHFJ5Ww9vQ1J6oBE=\""),
        ("a.tf", "cluster_auth_base64 = \"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSURhekNDQWxP\""),
        ("a.py", "parser.add_argument('--password', default=None)"),
        ("a.ts", "export enum Field { PASSWORD = 'PASSWORD' }"),
        ("resources/lang/de_informal/auth.php", "'password' => 'Passwortes'"),
        ("Dockerfile", "ENV GPG_KEYS=F6403F6544A38863DAA0B6E03F01618A51312F3F"),
        ("postinst", "adduser --system --group --disabled-password freerange7"),
        ("raddb/mods-available/mac2vlan", "passwd mac2vlan {\n\tfilename = x\n}"),
        ("base.c", "log(\"Password.PSK must be exactly %d octets\");"),
        ("Main.xib", "<string key=\"password\">NSTextField</string>"),
        ("a.html", "<th>Password</th>\n<th class=\"head\">Buttons</th>"),
        ("res/values/strings.xml", "<string name=\"login_pass\">Password</string>\n<string name=\"login_confirm\">Connected</string>"),
        ("a.puml", "+ User(username : String, password : String)"),
        ("checkrad.in", "$naspass = \"$confdir/naspasswords\";"),
        ("stack.py", "db_password=database_secret.secret_value_from_json(\"password\").to_string(),"),
        ("stack.ts", "credentials: rds.Credentials.fromGeneratedSecret('dbmaster7'),"),
        ("ChangeLog.md", "- Fix `mosquitto_passwd -b` not updating passwords for existing users"),
        ("a.md", "![](https://storage.internal/v0/b/x/o/a.png?alt=media&token=6f1c9a7b-8c1d-4a4e-9b7d-2f60c3d5e718)"),
        ("Dockerfile", "RUN echo \"c.NotebookApp.password = 'sha1:0d2f6c1b9a7e:4f1c9a7be2d05836aa1077d1c3b5e9f2a8c6d4e0'\""),
        ("certs.txt", "Buypass Class2 Root CA"),
        ("a.md", "Pass combined credentials to `runTransportServerState_` first"),
        ("a.cs", "private const string OPEN_TOKEN = \"beginning\";"),
        ("a.md", "`tool --cert-passphrase command` asks a program"),
    ] {
        assert_eq!(found(path, text), [], "{text}");
    }
}

#[test]
fn what_only_looks_like_a_credential_is_not_found() {
    for (path, text) in [
        ("a.ts", "SecretValue.unsafePlainText('REPLACE_ME')"),
        ("a.ts", "SecretValue.unsafePlainText('<your token>')"),
        ("a.js", "tokenType = 'bearer'"),
        ("a.ts", "verify({ token: '46119246', secret })"),
        ("a.md", "How to do an email-&-password login in an app."),
        ("a.py", "password = password.encode('utf-8')"),
        ("a.js", "{ password: 'string', token: 'number' }"),
        ("config/locales/de.yml", "password: Kennwort1"),
        ("package-lock.json", "\"password\": \"xv7kQ2m9rt\""),
        ("a.txt", "Authorization: XX4-HMAC-SHA256 Credential=keyId1x/19700101/hostx/provider1x/xx4_request, SignedHeaders=a"),
        ("a.pl", "# append password to avoid prompting"),
        ("a.md", "create databases, for which the root user is there. The root password can be passed on"),
        ("a.erl", "log(\"create a new user '~ts', password length in bytes\")"),
        (".editorconfig", "# Do not pass 'IDisposable' into tasks"),
        ("Setup.local", "pwd pwdmodule.c\n"),
        ("INSTALL", "passphrase requester. This is maintained elsewhere:\n"),
        ("Makefile", "TEST_KEY=\"@DROPBEARKEY@\""),
        ("a.ex.eex", "def handle_event(\"update_password\", parameters, socket) do"),
        ("a.md", "a unit test that fails before and passes after?"),
        ("a.yml", "run: |\n  \"security.password\": false,\n"),
        ("a.c", "headers_auth = printf(\"Authorization: %.*s4-HMAC-SHA256 \""),
        ("nsswitch.conf", "passwd:         compat\n"),
        ("a.cs", "/// <param>what to pass to the created <see cref=\"ISubscriber\"/>.</param>"),
        ("Dockerfile", "# Verify by the public key \"Zq7mK2vX9rTa3wLpQ8\""),
        ("a.php", "'password' => ['PGPASSWORD' => $connection['password']],"),
        ("a.php", "'passwords' => env('AUTH_PASSWORD_BROKER', 'users'),"),
        ("a.go", "SentinelPassword = \"sentinelPassword\""),
        ("a.go", "stsLDAPPassword = \"LDAPPassword\""),
        ("a.svelte", "<label for=\"client-password\">Password</label>"),
        ("a.ts", "const signingKey = await getHmacSha256(serviceKey, 'aws4_request');"),
        ("resources/lang/de-DE/auth.php", "'password' => 'Kennwort1',"),
        ("a.php", "'passwords' => 'users',"),
        ("a.php", "'passwords' => env('AUTH_PASSWORD_BROKER', 'users')"),
        ("a.php", "'password' => 'required|min:8|confirmed',"),
        ("a.php", "'password' => 'nullable|'.self::rules(),"),
        ("a.php", "'password' => Setting::passwordComplexityRulesSaving('store'),"),
        ("a.py", "if self.update_password == 'always':"),
        ("a.java", "\"User not found! Please check user exist or password is right!\""),
        ("a.js", "headers: { Authorization: localStorage.getItem('token') || undefined }"),
        ("reflect.json", "\"name\":\"com.alibaba.nacos.processor.HealthCheckProcessorV2Delegat\""),
        ("a.html", "<b on-change=\"x\" authorization=\"K8sResourcePoolDetailsW\"></b>"),
        ("a.html", "<a id=\"genPassword\">Generate</a>"),
        ("a.py", "\"order\": [\"host\", \"port\", \"user\", \"password\", \"dbname\"],"),
        ("a.py", "\"required\": [\"username\", \"password\", \"host\", \"port\"],"),
        ("a.html.erb", "text_field_tag :p, nil, :autocomplete => 'current-password', autofocus: true"),
        ("a.tsx", "<Authorized authorizations=\"K8sApplicationsW\">"),
        ("a.ts", "useAuthorizations('K8sApplicationsW')"),
        ("a.ts", "const storageKey = 'k8sConfigMapsDatatable';"),
        ("a.js", "var keyStr = \"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\";"),
        ("docker-compose.yml", "command: ['--admin-password', '$$2y$$05$$ZBq7kkXr1uvX8zvQk9l0xO5n1uZkqVxq3sT2oPZ8n1dXr5m7q9v2K']"),
    ] {
        assert_eq!(found(path, text), [], "{text}");
    }
}

#[test]
fn drops_name_their_reason() {
    let reason = |path: &str, text: &str| {
        let catalogue = Catalogue::builtin();
        let view = View { bytes: text.as_bytes(), path: BStr::new(path), binary: false, depth: 0 };
        scan(&catalogue, &view).iter().find_map(|candidate| candidate.dropped)
    };
    assert_eq!(reason("a.py", "password = '${DB_PASSWORD}'"), Some("it is a template"));
    assert_eq!(reason("a.py", "password = '<password>'"), Some("it is a placeholder in brackets"));
    assert_eq!(reason("a.py", "password = '********'"), Some("it is masked or elided"));
    assert_eq!(reason("a.py", "token_sha256 = '9f86d081884c7d659a2feaa0c55ad015'"), Some("its name says that it is a hash or encrypted"));
    assert_eq!(reason("a.py", "password = 'ref/keys/server.pem'"), Some("it is a path"));
}

#[test]
fn what_is_named_otherwise_is_none() {
    let key = crate::detect::testing::secret();
    let hex = "3aa0f1c97be2d05836aa10b47d92e6c85f0d1b24";
    for (path, text) in [
        ("apps.json", format!("\"icon\": \"meraki.png\", \"sha\": \"{hex}\"")),
        ("a.yml", format!("run: phive install --trust-gpg-keys {} phpcs", hex.to_uppercase())),
        ("a.yml", "run: phive install --trust-gpg-keys 4AA394086372C20A,C5095986493B4AA0 phpcs".to_owned()),
        ("a.yml", "#   deepl_api_key: \"48E92789-57A3-466A-9959-1A1A1A1A1A1A\"".to_owned()),
        ("a.ts", "passwordsMatchValidator('newPassword', 'newPassword2')".to_owned()),
        ("a.toml", "remote-auth = [\"django-auth-ldap\", \"python3-saml\"]".to_owned()),
        ("a.py", "\"required\": [\"host\", \"user\", \"password\", \"dbname\"],".to_owned()),
        ("a.py", "for v in ['passwords', 'playbook', 'inventory']:".to_owned()),
        ("a.html", "<label for=\"id_password\">Password:</label>".to_owned()),
        ("a.html", "<a class=\"left\" id=\"modal-genPassword\">Generate</a>".to_owned()),
        ("a.tsx", "fieldLabel(t(\"setting.notification.smtp-password\"), \"optional2\")".to_owned()),
        ("a.py", "help_text='Vault password (or \"ASK7x\" to prompt the user).'".to_owned()),
        ("a.java", "return thingsboard.find(getDashboardTypeById(id));".to_owned()),
        ("a.php", "'password' => '間違っています、もう一度',".to_owned()),
    ] {
        assert_eq!(found(path, &text), [], "{path}: {text}");
    }
    assert!(!found("a.json", &format!("{{\"meraki_api_key\": \"{hex}\"}}")).is_empty());
    assert_eq!(found("a.yml", &format!("api_key: {key}")).len(), 1);
}
