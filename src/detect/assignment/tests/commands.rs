//! Commands, and what is sent when one asks.

use super::judged::found;
use super::{Op, read_all, reads};

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
fn what_commands_read() {
    for text in [
        "passwd --stdin ann <<< \"abc1\"",
        "sudo -S ls <<<'abc1'",
        "chpasswd <<< root:abc1",
        "chpasswd <<EOF\nroot:abc1\nEOF",
        "cat <<-'EOF' | sudo chpasswd\n  ann:abc1\nEOF",
        "chpasswd:\n  expire: false\n  list: |\n    root:abc1\n    bob:RANDOM\n",
        "chpasswd:\n  list:\n    - \"root:abc1\"\n",
        "passwd ann <<EOF\nabc1\nabc1\nEOF",
        "echo -e 'abc1\\nabc1' | passwd ann",
        "printf '%s\\n' 'abc1' | sudo -S true",
        "docker login -u ci --password-stdin <<< abc1",
        "echo abc1 | gh auth login --with-token",
        "echo abc1 | kinit ann@CORP.IO",
        "kinit ann <<< 'abc1'",
        "echo -n abc1 | gpg --batch --passphrase-fd 0 -d a.gpg",
        "echo abc1 | vncpasswd -f > a",
    ] {
        let values: Vec<_> = read_all("a.sh", text).into_iter().filter(|(operator, _)| *operator == Op::Command).collect();
        assert!(!values.is_empty() && values.iter().all(|(_, value)| value == "abc1"), "{text}: {values:?}");
    }
    let logins = "chpasswd <<EOF\nann:abc1\nbob:abc2\nEOF\nx:abc3";
    reads("a.sh", logins, &[(Op::Command, "abc1"), (Op::Command, "abc2")]);
    for text in [
        "docker login -u ci --password-stdin < abc1",
        "sudo -S ls <<< \"$abc1\"",
        "echo \"$abc1\" | sudo -S ls",
        "chpasswd < abc1",
        "chpasswd <<EOF\nroot:$abc1\nEOF",
        "chpasswd:\n  list: |\n    root:RANDOM\n",
        "chpasswd: { expire: abc1 }",
        "chpasswd:\n  expire: false\nroot:abc1",
        "kinit -kt abc1 ann",
        "passwd ann <<EOF\nsome words abc1\nEOF",
        "cat /etc/passwd <abc1",
        "printf '%s' | sudo -S abc1",
    ] {
        reads("a.sh", text, &[]);
    }
}

#[test]
fn commands_that_people_know_from_elsewhere() {
    for text in [
        "mysqladmin -u root password abc1",
        "ACL SETUSER worker on >abc1 ~* +@all",
        "redis-cli ACL SETUSER worker on '>abc1' '~*'",
        "user alice on >abc1 ~* +@all",
        "redis-cli -h db AUTH abc1",
        "plink.exe -ssh ann@host -pw abc1 ls",
        "net rpc join -U ann%abc1",
        "ssh-keygen -t rsa -N 'abc1' -f k",
        "rdesktop -u ann -p abc1 host",
        "unrar x -pabc1 a.rar",
        "rar a -hpabc1 a.rar b",
        "ldappasswd -s abc1 -D cn=a x",
        "slappasswd -s abc1",
        "samba-tool user create ann abc1",
        "useradd -m -p $(openssl passwd -1 -salt x abc1) ann",
        "usermod -p $(mkpasswd -m sha-512 abc1) ann",
        "mosquitto_passwd -b f ann abc1",
        "security add-generic-password -a ann -s x -w abc1",
        "nmcli con mod x 802-11-wireless-security.psk abc1",
        "networksetup -setairportnetwork en0 home abc1",
        "dscl . -passwd /Users/ann abc1",
        "cf auth ann abc1",
        "aws ssm put-parameter --name /a --value abc1 --type SecureString",
        "gh secret set NAME --body abc1",
        "nmcli con mod x wifi-sec.psk abc1",
        "x=`mosquitto_passwd -b f ann abc1`",
    ] {
        let values: Vec<_> = read_all("a.sh", text).into_iter().filter(|(operator, _)| *operator == Op::Command).collect();
        assert!(!values.is_empty() && values.iter().all(|(_, value)| value == "abc1"), "{text}: {values:?}");
    }
    for text in [
        "the page goes on >abc1",
        "redis-cli only AUTH abc1 is left",
        "redis-cli.c using -a abc1",
        "user of version on >= 3",
        "ssh-keygen -N '' -f abc1",
        "openssl passwd -1 -stdin",
        "usermod -p $(echo $x | openssl passwd -1 -stdin) abc1",
        "networksetup -setairportnetwork en0 abc1",
        "mkpasswd -m sha-512",
        "aws ssm put-parameter --name /a --value abc1 --type String",
        "the call of `mosquitto_passwd -b` stores abc1 only",
        "control.psk abc1",
    ] {
        reads("a.sh", text, &[]);
    }
}

#[test]
fn lines_of_devices() {
    for text in [
        " wpa-psk ascii 0 abc1",
        "snmp-server user ann ops v3 auth md5 abc1 priv aes 128 abc1",
        " ip ospf message-digest-key 1 md5 abc1",
        " ip ospf authentication-key 0 abc1",
        " standby 1 authentication md5 key-string abc1",
        " pre-shared-key address 0.0.0.0 key abc1",
        " pre-shared-key local abc1",
        "pre-shared-key ascii-text \"abc1\";",
        "radius server R1\n address ipv4 10.0.0.1 auth-port 1812\n key abc1",
        "sentinel auth-pass mymaster abc1",
    ] {
        let values: Vec<_> = read_all("r.cfg", text).into_iter().filter(|(operator, _)| *operator == Op::Command).collect();
        assert!(!values.is_empty() && values.iter().all(|(_, value)| value == "abc1"), "{text}: {values:?}");
    }
    for text in [
        " ip ospf message-digest-key 1 md5 7 0822455D0A16",
        "snmp-server user ann ops v3 auth",
        "sentinel auth-pass mymaster",
        " pre-shared-key address 10.0.0.1 key $x",
    ] {
        reads("r.cfg", text, &[]);
    }
    assert_eq!(found("r.cfg", " ip ospf message-digest-key 1 md5 xv7kQ2m9rt"), [("generic-password".to_owned(), "xv7kQ2m9rt".to_owned())]);
}

#[test]
fn settings_that_hold_a_password_without_a_name() {
    for (path, text) in [
        ("snmpd.conf", "rocommunity abc1"),
        ("snmpd.conf", "rwcommunity6 abc1 2001:db8::/32"),
        ("router.cfg", "snmp-server community abc1 RO"),
        ("snmpd.conf", "com2sec readers default abc1"),
        ("jmx.access", "monitorRole abc1"),
        ("monitrc", "    allow ann:abc1"),
        ("a.cmd", "sc config x obj= .\\ann password= abc1"),
        ("a.sql", "CONNECT ann/abc1@db"),
        ("a.hurl", "[BasicAuth]\nann: abc1"),
    ] {
        let values: Vec<_> = read_all(path, text).into_iter().filter(|(operator, _)| *operator == Op::Command).collect();
        assert_eq!(values, [(Op::Command, "abc1".to_owned())], "{text}");
    }
    for (path, text) in [
        ("snmpd.conf", "rocommunity public"),
        ("jmx.access", "monitorRole readonly"),
        ("site.conf", "allow 10.0.0.1:8080"),
        ("site.conf", "allow all:of"),
        ("a.sql", "CONNECT BY abc1/2"),
        ("a.md", "to connect ann/abc1@db"),
        ("a.hurl", "the [BasicAuth]\nann: abc1"),
    ] {
        reads(path, text, &[]);
    }
}
