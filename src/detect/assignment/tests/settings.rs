//! Settings, data, markup and statements.

use super::judged::found;
use super::{Op, read_all, reads};

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
fn what_is_taken_where_a_setting_is_missing() {
    for (path, text) in [
        ("a.py", "config('PASSWORD', default='abc1')"),
        ("a.py", "env(\"PASSWORD\", default = \"abc1\")"),
        ("a.py", "os.environ['PASSWORD'] or 'abc1'"),
        ("a.php", "$_ENV['PASSWORD'] ?? 'abc1';"),
        ("a.php", "getenv('PASSWORD') ?: 'abc1',"),
        ("a.rb", "ENV.fetch('PASSWORD') { 'abc1' }"),
        ("database.yml", "<%= ENV['PASSWORD'] || 'abc1' %>"),
        ("a.cs", "Environment.GetEnvironmentVariable(\"PASSWORD\") ?? \"abc1\";"),
        ("a.rs", "env::var(\"PASSWORD\").unwrap_or(\"abc1\".into())"),
        ("a.rs", "env::var(\"PASSWORD\").unwrap_or_else(|_| \"abc1\".to_owned())"),
        ("A.java", "Optional.ofNullable(System.getenv(\"PASSWORD\")).orElse(\"abc1\");"),
        ("A.java", "@Value(\"${spring.datasource.password:abc1}\")"),
        ("a.dart", "String.fromEnvironment('PASSWORD', defaultValue: 'abc1')"),
        ("a.clj", "(or (System/getenv \"PASSWORD\") \"abc1\")"),
        ("a.ps1", "$password = if ($env:X) { $env:X } else { 'abc1' }"),
        ("a.yml", "x: ${PASSWORD-abc1}"),
        ("a.sh", "x=\"${PASSWORD-abc1}\""),
        ("values.yaml", "x: {{ .Values.password | default \"abc1\" }}"),
        ("a.j2", "x={{ password | default('abc1') }}"),
    ] {
        reads(path, text, &[(Op::Default, "abc1")]);
    }
    // The name of what holds the value says it, too.
    for (path, text) in [
        ("a.py", "password = env.str('X', default='abc1')"),
        ("a.php", "$password = $_ENV['X'] ?? 'abc1';"),
        ("a.cs", "var password = Environment.GetEnvironmentVariable(\"X\") ?? \"abc1\";"),
        ("a.rs", "let password = env::var(\"X\").unwrap_or(\"abc1\".into());"),
        ("Makefile", "PASSWORD ?= abc1"),
        ("Makefile", "PASSWORD := abc1 # comment"),
    ] {
        reads(path, text, &[(Op::Assign, "abc1")]);
    }
    for (path, text) in [
        ("a.js", "if (form['password']) { submit('abc1') }"),
        ("a.js", "form['password'] || other"),
        ("a.py", "config('PASSWORD', cast='abc1')"),
        ("a.sh", "x=\"${PASSWORD-}\""),
        ("a.sh", "x=my-password-abc1"),
        ("a.sh", "PASSWORD := "),
        ("values.yaml", "x: {{ .Values.password | quote }}"),
    ] {
        reads(path, text, &[]);
    }
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
fn robot_framework() {
    for text in [
        "${PASSWORD}    abc1",
        "${VALID PASSWORD}    abc1",
        "${password}=    Set Variable    abc1",
        "    Set Suite Variable    ${PASSWORD}    abc1",
        "    Input Password    id:pw    abc1",
        "    Input Text    id:password    abc1",
    ] {
        reads("a.robot", text, &[(Op::Space, "abc1")]);
    }
    for text in [
        "${PASSWORD}    Get Value    abc1",
        "${PASSWORD} abc1",
        "    Log    ${PASSWORD}    abc1",
        "    Input Password    id:pw    ${PASSWORD}",
    ] {
        reads("a.robot", text, &[]);
    }
}

#[test]
fn elements_with_more_around_the_value() {
    let argument = "<elementProp name=\"password\" elementType=\"HTTPArgument\">\n  <boolProp name=\"x\">false</boolProp>\n  \
        <stringProp name=\"Argument.value\">abc1</stringProp>";
    reads("a.jmx", argument, &[(Op::Element, "abc1")]);
    reads("a.xml", "<password><![CDATA[abc1]]></password>", &[(Op::Element, "abc1")]);
    reads("a.xml", "<password><![CDATA[]]></password>", &[]);
}
