//! What the reader takes out of each syntax, and what the judge makes of it.

mod any_text;
mod judged;

use bstr::BStr;
use judged::found;

use super::operator::Operator as Op;
use super::*;
use crate::file_kind;

/// Every anchor of this detector's patterns.
const ANCHORS: [&str; 195] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "totp",
    "pw=",
    "pw =",
    "identified by",
    "securestring",
    "mysql",
    "sshpass",
    "curl ",
    "docker login",
    "redis-cli",
    "htpasswd",
    "chpasswd",
    "net user ",
    "net use ",
    "openssl ",
    "insert into",
    ".login(",
    ".tochararray()",
    "login:",
    "mongo",
    "sqlcmd",
    "ldapsearch",
    "ldapadd",
    "ldapmodify",
    "ldappasswd",
    "smbclient",
    "zip -p",
    "7z a ",
    "7z x ",
    "ipmitool",
    "az login",
    "vault login",
    "useradd",
    "usermod",
    "xfreerdp",
    "sqlplus",
    "sudo -s",
    "nmcli ",
    "rootpw",
    "bindpw",
    "d-i passwd/",
    "wifi.begin(",
    "dbi->connect(",
    "psk=",
    "identified with",
    "sp_addlogin",
    "kennwort",
    "senha",
    "contrasena",
    "contraseña",
    "wachtwoord",
    "haslo",
    "hasło",
    "heslo",
    "lozinka",
    "jelszo",
    "пароль",
    "密码",
    "密碼",
    "口令",
    "パスワード",
    "비밀번호",
    "암호",
    "pgp_sym_encrypt(",
    "pgp_sym_decrypt(",
    "aes_encrypt(",
    "aes_decrypt(",
    "jwt.sign(",
    "jwt.verify(",
    "jwt.encode(",
    "jwt.decode(",
    "jwt.encode ",
    "jwt::encode(",
    "jwt::decode(",
    "hmac256(",
    "hmac384(",
    "hmac512(",
    "hmacsha256(",
    "hmac.new(",
    "createhmac(",
    "hash_hmac(",
    "unsafeplaintext(",
    "unsafe_plain_text(",
    "secretvalue.plaintext(",
    "secretvalue.plain_text(",
    "secretvalue_plaintext(",
    "->login(",
    ".auth(",
    "authenticate(",
    "basicauthenticator(",
    "curlopt_userpwd",
    "curlopt_password",
    "security_credentials",
    ".connect(",
    "->connect(",
    ":connect(",
    "sftpclient(",
    "sshclient(",
    "mysqldb.connect(",
    "pymysql.connect(",
    "oracle.connect(",
    "mysql_real_connect(",
    "oci_connect(",
    "odbc_connect(",
    "new sequelize(",
    "sql.newinstance(",
    "ftplib.ftp(",
    "ftplib.ftp_tls(",
    "net::ftp.open(",
    "net::ftp.new(",
    "net::smtp.start(",
    "gomail.newdialer(",
    "ftp_login(",
    "imap_open(",
    "ldap_bind(",
    "ldap_simple_bind_s(",
    ".simple_bind_s(",
    "plaincredentials(",
    "username_pw_set(",
    "smbconnection(",
    "setsaslauthdata(",
    "authtokens.basic(",
    "credentials.basic(",
    "auth().basic(",
    "preemptive().basic(",
    "create_superuser(",
    "objects.create_user(",
    "redis.auth(",
    "redis->auth(",
    "jedis.auth(",
    "btoa(",
    "b64encode(",
    "base64_encode(",
    "addauthinfo(",
    ".signedstring(",
    "newcookiestore(",
    "cookieparser(",
    "aes.encrypt(",
    "aes.decrypt(",
    "createcipher(",
    "createdecipher(",
    "createcipheriv(",
    "createdecipheriv(",
    "podman login",
    "buildah login",
    "skopeo login",
    "registry login",
    "oc login",
    "cf login",
    "cqlsh",
    "hdbsql",
    "isql ",
    "mosquitto_",
    "unlock-keychain",
    "create-keychain",
    "security import",
    "altool",
    "signtool",
    "snmpwalk",
    "lftp ",
    "rpcclient",
    "net ads join",
    "etcdctl ",
    "http -a ",
    "rabbitmqctl",
    "db2 connect",
    "/v defaultpassword",
    "wpa_passphrase ",
    "quote pass ",
    "stats auth ",
    "]:587 ",
    "]:465 ",
    "]:25 ",
    ": psk ",
    ": eap ",
    ": xauth ",
    "clear-text=",
    "--password-stdin",
    "passwd --stdin",
    "cryptsetup",
    "impdp ",
    "expdp ",
    "sendline(",
    "send \"",
    "send -- \"",
    ".write(b\"",
    ".write(b'",
    "pw: ",
];

/// What is read around every anchor of `text`.
pub(super) fn read_all(path: &str, text: &str) -> Vec<(Op, String)> {
    let view = View { bytes: text.as_bytes(), path: BStr::new(path), binary: false, depth: 0 };
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for anchor in ANCHORS {
        for (at, _) in lower.match_indices(anchor) {
            read(&view, file_kind::path_class(view.path), at..at + anchor.len(), &mut |assignment| {
                found.push((assignment.operator, String::from_utf8_lossy(&assignment.value).into_owned()));
            });
        }
    }
    found
}

#[track_caller]
pub(super) fn reads(path: &str, text: &str, expected: &[(Op, &str)]) {
    let found = read_all(path, text);
    let found: Vec<(Op, &str)> = found.iter().map(|(operator, value)| (*operator, value.as_str())).collect();
    assert_eq!(found, expected, "{path}: {text}");
}

#[test]
fn code_assignments() {
    for (path, text, operator) in [
        ("a.py", "password = 'abc1'", Op::Assign),
        ("a.py", "password: str = 'abc1'", Op::Assign),
        ("a.py", "password = b'abc1'", Op::Assign),
        ("a.py", "connect(user, password='abc1')", Op::Assign),
        ("a.py", "if password == 'abc1':", Op::Compare),
        ("a.go", "password := \"abc1\"", Op::Assign),
        ("a.go", "var password string = \"abc1\"", Op::Assign),
        ("a.go", "const password = `abc1`", Op::Assign),
        ("a.go", "Config{Password:  \"abc1\"}", Op::Colon),
        ("a.go", "password := []byte(\"abc1\")", Op::Assign),
        ("a.rs", "let password: &str = \"abc1\";", Op::Assign),
        ("a.rs", "password: Some(\"abc1\".into()),", Op::Colon),
        ("a.java", "private String password = \"abc1\";", Op::Assign),
        ("a.java", "config.setPassword(\"abc1\");", Op::Call),
        ("a.java", "config.setPassword(new String(\"abc1\"));", Op::Call),
        ("a.js", "this.password !== \"abc1\"", Op::Compare),
        ("a.js", "login({ 'password': 'abc1' })", Op::Colon),
        ("a.js", "const { password = 'abc1' } = props", Op::Assign),
        ("a.rb", "config[:password] ||= 'abc1'", Op::Assign),
        ("a.rb", ":password => 'abc1'", Op::Arrow),
        ("a.rb", "password 'abc1'", Op::Space),
        ("a.php", "$this->password = 'abc1';", Op::Assign),
        ("a.php", "'password' => 'abc1',", Op::Arrow),
        ("a.cs", "var password = @\"abc1\";", Op::Assign),
        ("a.m", "@\"password\": @\"abc1\"", Op::Colon),
        ("a.c", "static const char password[32] = \"abc1\";", Op::Assign),
        ("a.c", "#define PASSWORD \"abc1\"", Op::Space),
        ("a.py", "put('password', 'abc1')", Op::Comma),
        ("a.py", "password = \\\n    'abc2'", Op::Assign),
    ] {
        if text.contains("abc1") {
            reads(path, text, &[(operator, "abc1")]);
        }
    }
    reads("a.py", "password = (\n    'abc1')", &[]);
    reads("a.py", "password =\n    'abc1'", &[(Op::Assign, "abc1")]);
}

#[test]
fn expressions_are_no_values() {
    for text in [
        "password = other",
        "password = config.password",
        "password = getpass()",
        "password == other",
        "key = x + 1",
        "password = load('file')",
        "x ? password : 'abc1'",
        "Password::new('abc1')",
        "password.length > 'a'",
        "token->next = 'abc1'",
        "author = 'Jane'",
        "\"password=\" + value + \"&x=y\"",
        "print(\"password: \" + value)",
    ] {
        reads("a.js", text, &[]);
    }
}

#[test]
fn settings_with_a_fallback() {
    for text in ["password = os.getenv('X', 'abc1')", "password = process.env.PASSWORD || 'abc1'", "password = env['X'] ?? 'abc1'"] {
        reads("a.js", text, &[(Op::Assign, "abc1")]);
    }
    reads("a.yml", "password: ${DB_PASSWORD:abc1}", &[(Op::Default, "abc1")]);
    reads("a.sh", "x=${PASSWORD:-abc1}", &[(Op::Default, "abc1")]);
}

/// `0x`, comma and all, as programs write `bytes`.
fn hex_list(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("0x{byte:02x}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn byte_arrays() {
    let random = [0x9f, 0x86, 0xd0, 0x81, 0x88, 0x4c, 0x7d, 0x65, 0x9a];
    let (hex, printed) = ("9f86d081884c7d659a", "hunter2!?");
    for (path, opening, closing) in [
        ("a.go", "var key = []byte{", "}"),
        ("a.go", "key := [9]byte{\n\t", ",\n}"),
        ("a.go", "Config{Key: protocol.Token{", "}}"),
        ("a.java", "byte[] key = new byte[] {", "};"),
        ("a.c", "static const uint8_t key[9] = {\n    ", "\n};"),
        ("a.rs", "let key: [u8; 9] = [", "];"),
        ("a.py", "key = bytes([", "])"),
        ("a.kt", "val key = byteArrayOf(", ")"),
        ("a.js", "const key = new Uint8Array([", "])"),
        ("a.json", "{\"key\": [", "]}"),
    ] {
        for (bytes, value) in [(&random[..], hex), (printed.as_bytes(), printed)] {
            reads(
                path,
                &format!("{opening}{}{closing}", hex_list(bytes)),
                &[(if opening.contains(": pro") || path == "a.json" { Op::Colon } else { Op::Assign }, value)],
            );
        }
    }
    reads("a.java", "setKey(new byte[] {(byte) 0x9f, -122, 'h', 'u', 'n', 't', 'e', 'r'});", &[(Op::Call, "9f8668756e746572")]);
    for text in ["key = [1, 2, 3]", "key = x[0]", "key = [300, 301, 302, 303, 304, 305, 306, 307]", "key = f(1, 2, 3, 4, 5, 6, 7, 8, x)"] {
        reads("a.py", text, &[]);
    }
}

#[test]
fn answers_to_a_prompt() {
    for (path, text) in [
        ("a.exp", "expect \"*?assword:*\"\nsend \"abc1\\r\""),
        ("a.exp", "expect {\n  \"assword:\" { send -- \"abc1\\r\" }\n}"),
        ("a.py", "child.expect('assword:')\nchild.sendline('abc1')"),
        ("a.py", "tn.read_until(b'assword: ')\ntn.write(b'abc1\\n')"),
    ] {
        reads(path, text, &[(Op::Command, "abc1")]);
    }
    for text in [
        "expect \"#\"\nsend \"abc1\\r\"",
        "expect \"assword:\"\nsend \"abc1\"",
        "expect \"assword:\"\nsend \"\\r\"",
        "expect \"assword:\"\nsend \"abc1\\r\"\nsend \"abc2\\r\"",
    ] {
        let values: Vec<_> = read_all("a.exp", text).into_iter().map(|(_, value)| value).collect();
        assert!(values.iter().all(|value| value == "abc1") && (values.len() < 2), "{text}: {values:?}");
    }
}

#[test]
fn other_writings_of_texts_and_of_names() {
    for (path, text, operator) in [
        ("a.lua", "local password = [[abc1]]", Op::Assign),
        ("a.pl", "my $password = q(abc1);", Op::Assign),
        ("a.pl", "password => qq{abc1},", Op::Arrow),
        ("a.kt", "mapOf(\"password\" to \"abc1\")", Op::Arrow),
        ("rabbit.config", "{default_pass, <<\"abc1\">>}", Op::Comma),
        ("a.py", "add_argument('--password', type=str, default='abc1')", Op::Named),
        ("a.json", "\"password\": { \"type\": \"securestring\", \"defaultValue\": \"abc1\" }", Op::Named),
        ("a.xml", "<Password>\n  <Value>abc1</Value>\n</Password>", Op::Element),
        ("a.xml", "<property name=\"password\"><value>abc1</value></property>", Op::Element),
        ("fstab", "//srv/s /mnt cifs username=ann,password=abc1,uid=1000 0 0", Op::Assign),
        ("r.cfg", "tacacs-server host 10.0.0.1 key abc1", Op::Command),
        ("r.cfg", " neighbor 10.0.0.2 password abc1", Op::Command),
        ("r.cfg", "enable password abc1", Op::Command),
        ("r.cfg", " ppp chap password 0 abc1", Op::Command),
        ("r.cfg", "crypto isakmp key abc1 address 10.0.0.2", Op::Command),
        ("redis.conf", "masterauth abc1", Op::Space),
        ("a.txt", "pw: abc1", Op::Colon),
    ] {
        reads(path, text, &[(operator, "abc1")]);
    }
    for (path, text) in [
        ("a.js", "const password = [[key]]"),
        ("a.js", "const password = q(id);"),
        ("a.js", "const password = q(abc1) + x;"),
        ("r.cfg", " neighbor 10.0.0.2 password 7 0822455D0A16"),
        ("r.cfg", "radius-server key of the server"),
        ("r.cfg", "enable password authentication for all"),
        ("r.cfg", "enable secret 5 0822455D0A16"),
    ] {
        reads(path, text, &[]);
    }
}

#[test]
fn members_of_what_has_the_name() {
    for (path, text) in [
        ("a.js", "password: { value: 'abc1' }"),
        ("a.rb", "cookies[:password] = { value: 'abc1', expires: 3600 }"),
        ("a.json", "{\"password\": {\"type\": \"string\", \"value\": \"abc1\"}}"),
        ("a.json", "{\n  \"password\": {\n    \"value\": \"abc1\"\n  }\n}"),
        ("a.js", "const password = { type: String, default: 'abc1' }"),
        ("a.yml", "password:\n  value: abc1\n"),
        ("a.js", "const env = [{ name: 'PASSWORD', value: 'abc1' }]"),
    ] {
        reads(path, text, &[(Op::Named, "abc1")]);
    }
    for text in ["password: { required: true }", "password: { values: 'abc1' }", "password: { a: { value: 'abc1' } }"] {
        reads("a.js", text, &[]);
    }
}

#[test]
fn logins_in_two_parts() {
    for (path, text, operator) in [
        ("a.go", "req.SetBasicAuth(\"ann\", \"abc1\")", Op::Call),
        ("a.go", "smtp.PlainAuth(\"\", \"ann@x.io\", \"abc1\", host)", Op::Call),
        ("a.py", "get(url, auth=('ann', 'abc1'))", Op::Assign),
        ("a.py", "session.auth = ('ann', 'abc1')", Op::Assign),
        ("a.py", "HTTPBasicAuth(user, 'abc1')", Op::Call),
        ("a.rb", "http.basic_auth 'ann', 'abc1'", Op::Space),
        ("a.py", "HTTPDigestAuth('ann', 'abc1')", Op::Call),
        ("a.java", "new UsernamePasswordCredentials(\"ann\", \"abc1\")", Op::Call),
        ("a.go", "url.UserPassword(\"ann\", \"abc1\")", Op::Call),
        ("a.cs", "new PasswordAuthenticationMethod(\"ann\", \"abc1\")", Op::Call),
        ("a.rs", "session.userauth_password(\"ann\", \"abc1\")", Op::Call),
        ("a.c", "ssh_userauth_password(session, NULL, \"abc1\")", Op::Call),
        ("a.py", "keyring.set_password('svc', 'ann', 'abc1')", Op::Call),
        ("a.php", "get($url, ['auth' => ['ann', 'abc1']])", Op::Arrow),
        ("a.js", "signInWithEmailAndPassword(email, 'abc1')", Op::Call),
    ] {
        reads(path, text, &[(operator, "abc1")]);
    }
    reads("a.go", "req.SetBasicAuth(user, password)", &[]);
    let scopes = "config = { auth: ['read', 'write'] }";
    reads("a.js", scopes, &[(Op::Colon, "read"), (Op::Colon, "write")]);
}

#[test]
fn logins_and_signatures_name_no_secret() {
    for (path, text) in [
        ("a.py", "smtp.login(user, 'abc1')"),
        ("a.py", "server.login(config['mail'], \"abc1\")"),
        ("a.js", "client.login('ann', 'abc1')"),
        ("a.js", "jwt.sign({ id: user.id, at: f(1, 2) }, 'abc1', { expiresIn: '1h' })"),
        ("a.js", "jwt.verify(\n  header.split(' ')[1],\n  'abc1')"),
        ("a.js", "createHmac('sha256', 'abc1').update(text)"),
        ("a.js", "CryptoJS.HmacSHA256(text, 'abc1')"),
        ("a.py", "jwt.encode(payload, 'abc1', algorithm='HS256')"),
        ("a.py", "hmac.new(b'abc1', text, hashlib.sha256)"),
        ("a.go", "hmac.New(sha256.New, []byte(\"abc1\"))"),
        ("a.rb", "JWT.encode payload, 'abc1', 'HS256'"),
        ("a.php", "JWT::encode($payload, 'abc1', 'HS256')"),
        ("a.php", "hash_hmac('sha256', $text, 'abc1')"),
        ("a.java", "Algorithm.HMAC256(\"abc1\")"),
        ("a.java", "Algorithm.HMAC256(\"abc1\".getBytes())"),
        ("a.cs", "new HMACSHA256(Encoding.UTF8.GetBytes(\"abc1\"))"),
        ("a.java", "store.load(new FileInputStream(\"a.jks\"), \"abc1\".toCharArray());"),
        ("a.java", "factory.init(store,\n    \"abc1\".toCharArray());"),
        ("a.ts", "password: cdk.SecretValue.unsafePlainText('abc1'),"),
        ("a.js", "SecretValue.plainText('abc1')"),
        ("a.py", "SecretValue.unsafe_plain_text(\n    \"abc1\",\n)"),
        ("a.py", "core.SecretValue.plain_text('abc1')"),
        ("a.java", "SecretValue.unsafePlainText(\"abc1\")"),
        ("a.cs", "SecretValue.UnsafePlainText(\"abc1\")"),
    ] {
        reads(path, text, &[(Op::Call, "abc1")]);
    }
    // The word in the name is read, too.
    for call in ["UnsafePlainText", "PlainText"] {
        let text = format!("awscdk.SecretValue_{call}(jsii.String(\"abc1\"))");
        reads("a.go", &text, &[(Op::Call, "abc1"), (Op::Call, "abc1")]);
    }
    for (path, text) in [
        ("a.py", "smtp.login(user, name)"),
        ("a.js", "auth.login('google', 'popup')"),
        ("a.js", "client.login('abc1')"),
        ("a.js", "client.login(user, 'abc1' + suffix)"),
        ("a.js", "jwt.sign(payload, process.env.KEY)"),
        ("a.js", "jwt.sign(payload, fs.readFileSync('abc1'))"),
        ("a.js", "jwt.verify(text, key, 'abc1')"),
        ("a.js", "createHmac('sha256', key).update('abc1')"),
        ("a.py", "hmac.new(key, b'abc1', sha256)"),
        ("a.go", "hmac.New(sha256.New, key)"),
        ("a.java", "Algorithm.HMAC256(load(\"abc1\"))"),
        ("a.java", "char[] digits = \"0123456789abcdef\".toCharArray();"),
        ("a.java", "for (char c : \"abc1\".toCharArray()) {"),
        ("a.java", "print(\"abc1\".toCharArray());"),
        ("a.java", "store.load(stream, x); print(\"abc1\".toCharArray());"),
        ("a.ts", "SecretValue.unsafePlainText(process.env.TOKEN)"),
        ("a.ts", "SecretValue.unsafePlainText(load('abc1'))"),
        ("a.go", "awscdk.SecretValue_UnsafePlainText(value)"),
    ] {
        reads(path, text, &[]);
    }
}

#[test]
fn clients_take_passwords() {
    for (path, text) in [
        ("a.pl", "$ftp->login('ann', 'abc1') or die;"),
        ("a.cs", "client.Authenticate(\"ann@corp.io\", \"abc1\");"),
        ("a.py", "client.connect('10.0.0.5', 22, 'deploy', 'abc1')"),
        ("a.py", "ssh.connect(host, port, user, 'abc1')"),
        ("a.java", "transport.connect(\"smtp.corp.io\", \"ann\", \"abc1\");"),
        ("a.lua", "env:connect(\"db.shop.io\", \"app\", \"abc1\", \"db1\")"),
        ("a.py", "MySQLdb.connect(\"db1\", \"app\", \"abc1\", \"shop\")"),
        ("a.py", "ftplib.FTP(host, user, 'abc1')"),
        ("a.py", "l.simple_bind_s('cn=admin,dc=corp', 'abc1')"),
        ("a.php", "ldap_bind($conn, 'cn=admin', 'abc1');"),
        ("a.c", "mysql_real_connect(conn, \"db1\", \"app\", \"abc1\", \"shop\", 0, NULL, 0)"),
        ("a.js", "new Sequelize('shop', 'app', 'abc1', {host})"),
        ("a.java", "AuthTokens.basic(\"neo4j\", \"abc1\")"),
        ("a.js", "btoa('ann:abc1')"),
        ("a.go", "token.SignedString([]byte(\"abc1\"))"),
        ("a.js", "CryptoJS.AES.encrypt(text, 'abc1')"),
    ] {
        reads(path, text, &[(Op::Call, "abc1")]);
    }
    reads("a.java", "zk.addAuthInfo(\"digest\", \"ann:abc1\".getBytes());", &[(Op::Call, "digest"), (Op::Call, "abc1")]);
    for (path, text) in [
        ("a.js", "socket.connect('tcp', 'localhost', open)"),
        ("a.js", "socket.connect(80, 'abc1')"),
        ("a.cpp", "widget->connect(button, SIGNAL(pressed()), this, SLOT(abc1()))"),
        ("a.py", "signal.connect('clicked', 'handler', 'abc1')"),
        ("a.cpp", "bus.connect(service, \"/path\", \"abc1\")"),
        ("a.js", "store.connect('google', 'open', 'popup')"),
        ("a.js", "btoa('10:abc 1')"),
        ("a.js", "btoa('https://abc1')"),
        ("a.js", "btoa(user + ':abc1')"),
        ("a.py", "MySQLdb.connect(\"db1\", \"app\", password)"),
        ("a.py", "l.simple_bind_s(dn, secret)"),
        ("a.js", "CryptoJS.AES.encrypt('abc1', x)"),
    ] {
        reads(path, text, &[]);
    }
}

#[test]
fn columns_have_their_values() {
    for (path, text) in [
        ("a.sql", "INSERT INTO users (name, password) VALUES ('ann', 'abc1');"),
        ("a.sql", "insert into [dbo].[users] ([id], [password], [mail])\nvalues (1, N'abc1', NULL)"),
        ("a.sql", "INSERT INTO `users` (`id`, `password`) VALUES (f(1, ',)'), 'abc1')"),
        ("a.sql", "INSERT INTO users (password) VALUES (MD5('abc1'))"),
        ("a.sql", "INSERT INTO users (at, password) VALUES (NOW(), crypt('abc1', gen_salt('bf', 8)))"),
        ("a.py", "run(\"INSERT INTO users (name, password) \"\n    \"VALUES ('ann', 'abc1')\")"),
        ("a.php", "query('INSERT INTO users (name, password) VALUES (\\'ann\\', \\'abc1\\')');"),
    ] {
        reads(path, text, &[(Op::Assign, "abc1")]);
    }
    let rows = "INSERT INTO users (password, name) VALUES\n  ('abc1', 'it''s'),\n  ('abc2', 'b'),\n  (NULL, 'c'), ('abc3', '(');";
    reads("a.sql", rows, &[(Op::Assign, "abc1"), (Op::Assign, "abc2"), (Op::Assign, "abc3")]);
    for text in [
        "INSERT INTO users (name, mail) VALUES ('ann', 'abc1')",
        "INSERT INTO users VALUES ('ann', 'abc1')",
        "INSERT INTO users (name, password) SELECT name, 'abc1' FROM old",
        "INSERT INTO users (name, password) VALUES (?, ?)",
        "INSERT INTO users (name, password) VALUES ('ann', @password)",
        "INSERT INTO users (name, password) VALUES ('abc1')",
        "INSERT INTO users (name, password) VALUES ('ann', 'b', 'abc1')",
        "INSERT INTO users (name, password) VALUES ('\" + name + \"', '\" + word + \"')",
        "INSERT INTO users (name, password) VALUES ('ann', 'abc1",
    ] {
        reads("a.sql", text, &[]);
    }
    reads("a.sql", "UPDATE users SET password = MD5('abc1') WHERE id = 1", &[(Op::Assign, "abc1")]);
    reads("a.py", "cache_key = md5('abc1')", &[]);
    let column = |value: &str| format!("INSERT INTO users (name, password) VALUES ('ann', '{value}');");
    assert_eq!(found("a.sql", &column("xv7kQ2m9rt")), [("generic-password".to_owned(), "xv7kQ2m9rt".to_owned())]);
    for hash in [
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "*2470c0c06dee42fd1618bb99005adca2ec9d1e19",
        "$2y$10$abcdefghijklmnopqrstuv",
        "{password}",
        "%s",
    ] {
        assert_eq!(found("a.sql", &column(hash)), [], "{hash}");
    }
}

#[test]
fn calls_in_calls() {
    for text in [
        "const password = Buffer.from('abc1', 'base64')",
        "const secretKey = createSecretKey(Buffer.from('abc1', 'hex'))",
        "password: Some(Secret::new(String::from('abc1')))",
        "setPassword(Base64.decode('abc1'))",
        "new PBEKeySpec('abc1'.toCharArray(), salt, 1000, 256)",
        "new PBEKeySpec(\"abc1\".toCharArray(), salt, 1000, 256)",
        "new SymmetricSecurityKey(Encoding.ASCII.GetBytes('abc1'))",
    ] {
        // Each name before it has the value.
        let mut values: Vec<String> = read_all("a.js", text).into_iter().map(|(_, value)| value).collect();
        values.dedup();
        assert_eq!(values, ["abc1"], "{text}");
    }
}

#[test]
fn settings_files() {
    for (path, text, operator) in [
        ("a.yml", "password: abc1 # comment", Op::Colon),
        ("a.yml", "  - PASSWORD=abc1", Op::Assign),
        ("a.yml", "{user: x, password: abc1, port: 1}", Op::Colon),
        ("a.yml", "- name: PASSWORD\n  value: abc1", Op::Named),
        ("a.toml", "password = \"abc1\"", Op::Assign),
        ("a.ini", "password = abc1 ; comment", Op::Assign),
        ("a.properties", "spring.datasource.password=abc1", Op::Assign),
        (".env", "export PASSWORD=abc1", Op::Assign),
        (".env.example", "PASSWORD='abc1'", Op::Assign),
        ("redis.conf", "requirepass abc1", Op::Space),
        ("Makefile", "API_TOKEN ::= \"abc1\"", Op::Assign),
        ("a.php", "$token .= 'abc1';", Op::Assign),
        ("a.R", "token <- \"abc1\"", Op::Assign),
        ("a.cfg", "\"password\" \"abc1\"", Op::Space),
        ("a.ts", "await page.fill('#password', 'abc1')", Op::Comma),
        ("a.js", "cy.get(\"#password\").type(\"abc1\")", Op::Call),
        ("a.py", "page.locator(\"#password\").fill(\"abc1\")", Op::Call),
        ("a.scala", "Map(\"token\" -> \"abc1\")", Op::Arrow),
        ("a.txt", "let token: String = \"abc1\"", Op::Assign),
        ("a.txt", "Dim token As String = \"abc1\"", Op::Assign),
        ("a.txt", "<string name=\"token\">abc1</string>", Op::Element),
        ("a.tf", "variable \"password\" {\n  type = string\n  default = \"abc1\"\n}", Op::Named),
        ("Dockerfile", "ENV PASSWORD=abc1", Op::Assign),
        ("Dockerfile", "ENV PASSWORD abc1", Op::Space),
        ("Dockerfile", "ARG PASSWORD=abc1", Op::Assign),
        ("config.fish", "set -gx PASSWORD abc1", Op::Space),
    ] {
        reads(path, text, &[(operator, "abc1")]);
    }
    reads("a.yml", "password: the one you know", &[]);
    reads("a.json", "{\"kind\":\"password\",\"abc1\":2}", &[]);
    reads("a.yml", "password: ${PASSWORD}", &[]);
    reads("a.yml", "tokens: [\"abc1\", \"abc2\"]", &[(Op::Colon, "abc1"), (Op::Colon, "abc2")]);
}

#[test]
fn data_and_markup() {
    for (path, text, operator) in [
        ("a.json", "{\"password\": \"abc1\"}", Op::Colon),
        ("a.json", r#"{"body": "{\"password\":\"abc1\"}"}"#, Op::Colon),
        ("a.json", r#"{"body": "{\\\"password\\\":\\\"abc1\\\"}"}"#, Op::Colon),
        ("a.json", "{\"name\": \"password\", \"value\": \"abc1\"}", Op::Named),
        ("a.json", "{\"url\": \"https://a/b?x=1&password=abc1&y=2\"}", Op::Query),
        ("a.xml", "<password>abc1</password>", Op::Element),
        ("a.xml", "<ns:password>abc1</ns:password>", Op::Element),
        ("a.xml", "<password>\n    abc1\n</password>\n", Op::Element),
        ("a.xml", "<entry name=\"password\">abc1</entry>", Op::Element),
        ("a.xml", "<server password=\"abc1\"/>", Op::Assign),
        ("a.xml", "<add name=\"password\" value=\"abc1\"/>", Op::Named),
        ("a.java", "String xml = \"<password>abc1</password>\";", Op::Element),
        ("a.html", "pass: &quot;abc1&quot;,", Op::Colon),
        ("a.html", "<td>password</td><td>abc1</td>", Op::Cell),
    ] {
        reads(path, text, &[(operator, "abc1")]);
    }
}

#[test]
fn commands() {
    for (path, text, operator) in [
        ("a.sh", "tool --password abc1 --user x", Op::Flag),
        ("a.sh", "tool --password=abc1 --user x", Op::Assign),
        ("a.py", "run(['tool', '--password', 'abc1'])", Op::Flag),
        ("a.sh", "PGPASSWORD=abc1 psql", Op::Assign),
        ("a.sh", "mysql -u root -pabc1 shop", Op::Command),
        ("a.sh", "sshpass -p abc1 ssh host", Op::Command),
        ("a.sh", "curl -u user:abc1 https://host", Op::Command),
        ("a.sh", "curl -X POST \\\n  --user 'user:abc1' https://host", Op::Command),
        ("a.sh", "openssl rsa -passin pass:abc1", Op::Command),
        ("a.sh", "docker login -u ci -p abc1 host", Op::Command),
        ("a.sh", "redis-cli -h host -a abc1 ping", Op::Command),
        ("a.sh", "htpasswd -bc /etc/users ann abc1", Op::Command),
        ("a.sh", "htpasswd -nb ann abc1", Op::Command),
        ("a.bat", "net user ann abc1 /add", Op::Command),
        ("a.md", "Run `net user ann \"abc1\" /add /y`", Op::Command),
        ("a.bat", "net use Z: \\\\host\\share abc1 /user:corp\\ann", Op::Command),
        ("a.sh", "openssl enc -aes-256-cbc -k abc1 -in a", Op::Command),
        ("a.sh", "openssl rsa -passin 'pass:abc1' -in a", Op::Command),
        ("a.sh", "openssl enc -d -pass pass:abc1", Op::Command),
        ("a.sh", "echo 'root:abc1' | chpasswd", Op::Command),
        ("a.sh", "echo -n \"root:abc1\" | sudo chpasswd", Op::Command),
        ("a.sh", "tool /password:abc1 x", Op::Tight),
        ("a.sh", "mongodump -h host -u admin -p abc1 shop", Op::Command),
        ("a.sh", "sqlcmd -S host -U sa -P abc1", Op::Command),
        ("a.sh", "ldapsearch -x -D cn=admin -w abc1", Op::Command),
        ("a.sh", "smbclient //host/share -U ann%abc1", Op::Command),
        ("a.sh", "unzip -P abc1 a.zip", Op::Command),
        ("a.sh", "7z a -pabc1 a.7z b", Op::Command),
        ("a.sh", "ipmitool -H host -U ann -P abc1 power on", Op::Command),
        ("a.sh", "az login --service-principal -u x -p abc1 --tenant t", Op::Command),
        ("a.sh", "vault login abc1", Op::Command),
        ("a.sh", "xfreerdp /u:ann /p:abc1 /v:host", Op::Command),
        ("a.sh", "sqlplus -s ann/abc1@db @script", Op::Command),
        ("a.sh", "echo abc1 | sudo -S ls", Op::Command),
        ("a.sh", "nmcli dev wifi connect home password abc1", Op::Command),
        ("ks.cfg", "rootpw --plaintext abc1", Op::Command),
        ("slapd.conf", "rootpw abc1", Op::Command),
        ("ldap.conf", "bindpw abc1", Op::Command),
        ("preseed.cfg", "d-i passwd/root-password password abc1", Op::Command),
        ("haproxy.cfg", "  user admin insecure-password abc1", Op::Command),
        ("router.cfg", "username admin password 0 abc1", Op::Command),
        ("router.cfg", "username admin privilege 15 secret abc1", Op::Command),
        ("a.csh", "setenv PASSWORD abc1", Op::Space),
        ("wpa_supplicant.conf", "  psk=\"abc1\"", Op::Assign),
        ("a.ino", "WiFi.begin(\"home\", \"abc1\");", Op::Call),
        ("a.pl", "DBI->connect('dbi:mysql:shop', 'root', 'abc1')", Op::Call),
        ("a.sh", "if [ \"${password}\" == \"abc1\" ]; then", Op::Compare),
        ("a.ps1", "ConvertTo-SecureString 'abc1' -AsPlainText", Op::Command),
        ("a.bat", "set PASSWORD=abc1", Op::Assign),
    ] {
        reads(path, text, &[(operator, "abc1")]);
    }
}

#[test]
fn commands_of_other_tools() {
    for (path, text) in [
        ("a.sh", "podman login -u ci -p abc1 host"),
        ("a.sh", "helm registry login -u ci -p abc1 host"),
        ("a.sh", "oc login -u ann -p abc1 https://host"),
        ("a.sh", "mosquitto_pub -h host -u ann -P abc1 -t x"),
        ("a.sh", "security unlock-keychain -p abc1 login.keychain"),
        ("a.sh", "etcdctl --user root:abc1 get x"),
        ("a.sh", "http -a ann:abc1 https://host"),
        ("a.sh", "lftp -u ann,abc1 host"),
        ("a.sh", "rpcclient -U ann%abc1 host"),
        ("a.sh", "impdp system/abc1@XE directory=x"),
        ("a.sh", "rabbitmqctl -n x add_user app abc1"),
        ("a.sh", "db2 connect to shop user app using abc1"),
        ("a.bat", "reg add HKLM /v DefaultPassword /t REG_SZ /d abc1"),
        ("a.sh", "wpa_passphrase home abc1 > a.conf"),
        ("a.sh", "quote PASS abc1"),
        ("a.sh", "echo -n abc1 | cryptsetup luksFormat /dev/sda1 -"),
        ("haproxy.cfg", "  stats auth ann:abc1"),
        ("sasl_passwd", "[smtp.corp.io]:587 ann@corp.io:abc1"),
        ("ipsec.secrets", "10.0.0.1 10.0.0.2 : PSK \"abc1\""),
        ("standalone.xml", "<credential-reference clear-text=\"abc1\"/>"),
        ("a.ps1", "$s = 'abc1' | ConvertTo-SecureString -AsPlainText -Force"),
        ("a.php", "curl_setopt($ch, CURLOPT_USERPWD, 'ann:abc1');"),
        ("a.c", "curl_easy_setopt(curl, CURLOPT_PASSWORD, \"abc1\");"),
        ("a.java", "env.put(Context.SECURITY_CREDENTIALS, \"abc1\");"),
        ("a.ps1", "(ConvertTo-SecureString -AsPlainText \"abc1\" -Force)"),
    ] {
        reads(path, text, &[(Op::Command, "abc1")]);
    }
}

#[test]
fn commands_without_a_password() {
    for text in [
        "htpasswd /etc/users ann",
        "ldapsearch -x -W -D cn=admin",
        "sqlplus / as sysdba",
        "vault login -method=oidc role=dev",
        "rootpw --iscrypted $6$x$y",
        "unzip -p a.zip file",
        "username admin password 7 094F471A1A0A",
        "username and password abc1",
        "username ann password abc1 is wrong",
        "wpa_passphrase home",
        "rabbitmqctl list_users abc1",
        "ls /dev | cryptsetup luksFormat /dev/sda1 -",
        "http -a abc1 https://host",
        "the shop connects to smtp]:587 abc1",
        "stats auth was ann:abc1",
        "iface : psk abc1",
    ] {
        reads("a.sh", text, &[]);
    }
    reads("a.sh", "cat users | chpasswd", &[]);
    for text in ["Read-Host 'abc1' | ConvertTo-SecureString", "\"$abc1\" | ConvertTo-SecureString", "type: 'securestring', 'abc1'"] {
        reads("a.ps1", text, &[]);
    }
    reads("a.sh", "altool --upload-app -p @keychain:abc1", &[]);
    for text in ["curl_setopt($ch, CURLOPT_USERPWD, $user . ':abc1');", "curl_setopt($ch, CURLOPT_USERPWD, 'abc1');"] {
        reads("a.php", text, &[]);
    }
    for text in ["net user ann /delete", "net user ann * /add", "net use Z: \\\\host\\share /user:ann", "openssl x509 -kdf abc1 -in a"] {
        reads("a.bat", text, &[]);
    }
    reads("a.md", "On the net user accounts are known.", &[]);
    for text in ["net user NAME PASSWORD /add", "openssl enc -k NEW_PASSWORD -in a", "mysql -u root -pPASSWORD shop"] {
        reads("a.sh", text, &[]);
    }
    reads("a.sh", "openssl enc -kfile abc1 -in a | tool -k abc1", &[]);
    reads("a.sh", "PASSWORD=`tool`", &[]);
    reads("a.sh", "PASSWORD=$(tool)", &[]);
    reads("a.sh", "tool --mysql-user=x --mysql-port=3306", &[]);
}

#[test]
fn statements() {
    for text in [
        "CREATE USER a IDENTIFIED BY 'abc1';",
        "alter user a identified by abc1;",
        "CREATE USER a WITH PASSWORD 'abc1';",
        "ALTER ROLE a WITH PASSWORD = 'abc1';",
        "EXECUTE('CREATE LOGIN a WITH PASSWORD = ''abc1''')",
        "CREATE USER ann IDENTIFIED WITH mysql_native_password BY 'abc1'",
        "CREATE DATABASE LINK l CONNECT TO ann IDENTIFIED BY abc1 USING 'x'",
        "EXEC sp_addlogin 'ann', 'abc1'",
        "SELECT pgp_sym_encrypt(name, 'abc1') FROM t",
    ] {
        assert_eq!(read_all("a.sql", text).iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["abc1"], "{text}");
    }
    reads("a.rb", "# the record identified by name", &[]);
    reads("a.md", "the application will load the user, identified by the value", &[]);
    reads("a.md", "SELECT id, password AS description FROM users", &[]);
}

#[test]
fn names_in_other_languages() {
    for name in [
        "senha",
        "kennwort",
        "contrasena",
        "contraseña",
        "wachtwoord",
        "haslo",
        "hasło",
        "heslo",
        "lozinka",
        "jelszo",
        "mot_de_passe",
        "DB_SENHA",
    ] {
        reads("a.py", &format!("{name} = 'abc1'"), &[(Op::Assign, "abc1")]);
    }
    for name in ["пароль", "密码", "密碼", "口令", "パスワード", "비밀번호", "암호", "数据库密码"] {
        reads("a.md", &format!("{name}: abc1"), &[(Op::Colon, "abc1")]);
        reads("a.md", &format!("{name}\u{ff1a}abc1"), &[(Op::Colon, "abc1")]);
    }
}

#[test]
fn values_on_the_next_line() {
    let secret = crate::detect::testing::secret();
    for path in [".env", "a.md", "a.sh"] {
        reads(path, &format!("API_TOKEN=\n{secret}\n"), &[(Op::Assign, secret.as_str())]);
        reads(path, &format!("API_TOKEN=\nOTHER={secret}\n"), &[]);
        reads(path, "API_TOKEN=\nwords\n", &[]);
    }
    reads("a.js", &format!("token =\n  {secret}\n"), &[]);
    reads("a.log", &format!("INFO asking with token={secret} again\n"), &[(Op::Assign, secret.as_str())]);
    reads("a.log", "INFO asking with token=abc again\n", &[]);
    reads("a.js", "if (key <-1 || token->next) {", &[]);
    reads("a.bnf", "token ::= \"abc1\"", &[]);
    reads("a.xml", "<password>\n  <!-- none -->\n</password>", &[]);
}

#[test]
fn prose() {
    for (text, operator) in [
        ("Password: abc1", Op::Colon),
        ("**Password:** `abc1`", Op::Colon),
        ("the password is `abc1`.", Op::Prose),
        ("user `admin` and password `abc1`", Op::Prose),
        ("logged in as admin with password abc1", Op::Prose),
        ("The root password of the box is abc1", Op::Prose),
        ("The password is abc1.", Op::Prose),
        ("| password | abc1 |", Op::Cell),
        ("| Acme `password` | abc1 |", Op::Cell),
        ("Password\u{ff1a}abc1", Op::Colon),
    ] {
        reads("a.md", text, &[(operator, "abc1")]);
    }
    for text in [
        "login: admin / abc1",
        "**Login:** `admin` / `abc1`",
        "Login: admin:abc1.",
        "default credentials: admin/abc1",
        "username/password: ann/abc1",
        "User / Pass: `ann` / `abc1`",
    ] {
        let found: Vec<String> = read_all("a.md", text).into_iter().map(|(_, value)| value).collect();
        assert_eq!(found, ["abc1"], "{text}");
    }
    for text in [
        "login: 10/12abc1",
        "login: ann / the other one",
        "login: yes/no",
        "login: https://host/abc1",
        "login: user / password",
        "relogin: admin/abc1",
    ] {
        reads("a.md", text, &[]);
    }
    assert_eq!(found("a.md", "credentials: AWS/Azure"), []);
    assert_eq!(found("a.md", "credentials: read/write"), []);
    let scope = "Authorization: AWS4 Credential=AKID/20150830/us-east-1/service";
    assert!(read_all("a.md", scope).iter().all(|(_, value)| !value.starts_with("2015")), "{:?}", read_all("a.md", scope));
    reads("a.js", "login: admin / abc1", &[]);
    reads("a.js", "// login: admin / abc1", &[(Op::Colon, "abc1")]);
    reads("a.md", "password: the one you chose", &[]);
    reads("a.md", "![coverage](https://host/a/b/badge.svg?token=abc1)", &[]);
    reads("a.c", "// password=abc1", &[(Op::Assign, "abc1")]);
    reads("a.go", "// computed on the go, and pass to PEEmit to write", &[]);
    reads("a.py", "# Pass 'inherit' to take it over", &[]);
}

#[test]
fn settings_in_a_text_of_code() {
    reads("a.go", "doc(`\nhosts:\n  oauth_token: qwrtz\n`)", &[(Op::Colon, "qwrtz")]);
    reads("a.go", "x := `\n- user: ann\n  token: qwrtz\n  protocol: http", &[(Op::Colon, "qwrtz")]);
    reads("a.go", "x := `\npassword=qwrtz\nusername=ann\n", &[(Op::Assign, "qwrtz")]);
    reads("a.py", "class Login:\n    token: Token\n    name: str\n", &[]);
    reads("a.js", "log(`x`)\n  password: value\n})", &[]);
    reads("a.py", "f(\n  password=value,\n  user=ann,\n)", &[]);
}

#[test]
fn the_random_part_of_a_text_is_the_value() {
    reads("a.py", "auth = 'Bearer 4f1c9a7be2d05836aa10'", &[(Op::Assign, "4f1c9a7be2d05836aa10")]);
}
