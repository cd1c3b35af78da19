//! Assignments of code: texts, lists of bytes, fallbacks, members.

use super::{Op, read_all, reads};

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

#[test]
fn fields_of_pages() {
    for (path, text, operator) in [
        ("a.js", "cy.get('input[name=password]').type('abc1')", Op::Call),
        ("a.ts", "await page.locator('input[type=\"password\"]').fill('abc1')", Op::Call),
        ("a.rb", "fill_in 'Password', with: 'abc1'", Op::Assign),
        ("a.rb", "fill_in \"user_password\", :with => \"abc1\"", Op::Assign),
        ("a.feature", "    And I fill in \"Password\" with \"abc1\"", Op::Prose),
    ] {
        reads(path, text, &[(operator, "abc1")]);
    }
    for (path, text) in [
        ("a.js", "cy.get('input[name=password]').should('abc1')"),
        ("a.rb", "fill_in 'Password', with: password"),
        ("a.rb", "expect 'Password', with: 'abc1'"),
        ("a.feature", "    And I see \"Password\" with abc1"),
    ] {
        reads(path, text, &[]);
    }
}

#[test]
fn writings_of_single_languages() {
    reads("a.m", "#define DB_PASSWORD @\"abc1\"", &[(Op::Space, "abc1")]);
    reads("a.ps1", "$password = @'\nabc1\n'@", &[(Op::Assign, "abc1")]);
    reads("a.ps1", "$password = @\"\nabc1\nabc2\n\"@", &[]);
    reads("a.java", ".withUser(\"ann\").password(\"{noop}abc1\")", &[(Op::Call, "abc1")]);
    reads("a.ino", "const char* psk = \"abc1\";", &[(Op::Assign, "abc1")]);
}
