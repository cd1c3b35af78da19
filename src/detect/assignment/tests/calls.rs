//! Calls that take a password or sign with a secret.

use super::{Op, read_all, reads};

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
fn what_is_hashed_is_a_password() {
    for (path, text) in [
        ("a.php", "Hash::make('abc1')"),
        ("a.php", "bcrypt('abc1')"),
        ("a.php", "password_hash('abc1', PASSWORD_DEFAULT)"),
        ("a.js", "await bcrypt.hash(\"abc1\", 10)"),
        ("a.py", "bcrypt.hashpw(b\"abc1\", bcrypt.gensalt())"),
        ("a.go", "bcrypt.GenerateFromPassword([]byte(\"abc1\"), 10)"),
        ("a.java", "new BCryptPasswordEncoder().encode(\"abc1\")"),
    ] {
        let values: Vec<_> = read_all(path, text).into_iter().filter(|(operator, _)| *operator == Op::Call).collect();
        assert!(!values.is_empty() && values.iter().all(|(_, value)| value == "abc1"), "{text}: {values:?}");
    }
    // What the name of the filter says of its argument is left out later.
    let filtered = "pw_hash: \"{{ 'abc1' | password_hash('sha512') }}\"";
    reads("a.yml", filtered, &[(Op::Call, "sha512"), (Op::Call, "abc1")]);
    for (path, text) in
        [("a.php", "Hash::make($request->password)"), ("a.js", "await bcrypt.hash(password, 10)"), ("a.py", "wlan.connect(ssid, word)")]
    {
        reads(path, text, &[]);
    }
}

#[test]
fn clients_of_networks_take_passwords() {
    for (path, text) in [
        ("a.go", "l.Bind(\"cn=admin,dc=corp\", \"abc1\")"),
        ("a.ps1", "[System.Net.NetworkCredential]::new(\"ann\", \"abc1\")"),
        ("a.ino", "WiFiMulti.addAP(\"home\", \"abc1\");"),
        ("a.py", "sta_if.connect('home', 'abc1')"),
        ("a.rs", ".basic_auth(\"ann\", Some(\"abc1\"))"),
        ("build.sbt", "credentials += Credentials(\"Sonatype\", \"host\", \"ann\", \"abc1\")"),
        ("a.java", "new UsernamePasswordToken(\"ann\", \"abc1\")"),
    ] {
        reads(path, text, &[(Op::Call, "abc1")]);
    }
}
