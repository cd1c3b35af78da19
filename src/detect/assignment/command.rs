//! Commands that take a password without a name before it. Owns: their syntax. Must not: judge.

use std::ops::Range;

use super::cursor::Cursor;
use super::{bare, input, prompt, setting};

/// Bytes of a command line that are read.
pub(super) const LINE: usize = 400;

/// What a command at an anchor takes as a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The password, where it takes one.
    pub span: Option<Range<usize>>,
    /// Where the text that was read ends: a command goes on over lines.
    pub end: usize,
}

/// Looks for a command at `hit`; none where the anchor is no command.
#[must_use]
pub fn read(bytes: &[u8], hit: Range<usize>) -> Option<Taken> {
    let anchor = bytes[hit.clone()].to_ascii_lowercase();
    let of_command = if starts_command(bytes, hit.start) { of_command(&anchor, bytes, &hit) } else { None };
    of_command.or_else(|| within(&anchor, bytes, &hit)).or_else(|| setting::read(&anchor, bytes, &hit))
}

impl Taken {
    pub(super) fn at(hit: &Range<usize>, span: Option<Range<usize>>) -> Self {
        Self { span, end: hit.end + 2 * LINE }
    }
}

/// What the command that an anchor starts takes as a password.
fn of_command(anchor: &[u8], bytes: &[u8], hit: &Range<usize>) -> Option<Taken> {
    let span = match anchor {
        b"mysql" => {
            let name = bytes[hit.end..].iter().take(10).take_while(|byte| byte.is_ascii_lowercase()).count();
            let end = (bytes.get(hit.end + name) == Some(&b' ')).then_some(hit.end + name)?;
            let changed = || (&bytes[hit.end..end] == b"admin").then(|| value_behind(b"password", bytes, end)).flatten();
            option(bytes, end, b"-p", true).or_else(changed)
        }
        b"sshpass" => option(bytes, hit.end, b"-p", true).or_else(|| option(bytes, hit.end, b"-p", false)),
        b"7z a " | b"7z x " => option(bytes, hit.end, b"-p", true),
        b"xfreerdp" => option(bytes, hit.end, b"/p:", true),
        b"sqlplus" | b"impdp " | b"expdp " => login_of_oracle(bytes, hit.end),
        b"lftp " => after(b',', bytes, user_option(bytes, hit.end - 1)?),
        b"smbclient" | b"rpcclient" | b"net ads join" | b"net rpc " => after(b'%', bytes, user_option(bytes, hit.end)?),
        b"http -a " => after(b':', bytes, option(bytes, hit.start + b"http".len(), b"-a", false)?),
        b"etcdctl " => {
            let from = hit.start + memchr::memchr(b' ', &bytes[hit.clone()])?;
            after(b':', bytes, user_option(bytes, from)?)
        }
        b"rabbitmqctl" => of_rabbit(bytes, hit.end),
        b"db2 connect" => value_behind(b"using", bytes, hit.end),
        b"wpa_passphrase " | b"cf auth " => last_word(bytes, hit.end, 1),
        b"smbpasswd" | b"vncpasswd" | b"pdbedit" | b"kinit " => input::given(bytes, hit),
        b"redis-cli" if ends_command(bytes, hit.end) => {
            let last = |span: &Range<usize>| matches!(bytes.get(span.end), None | Some(b'\n' | b'"' | b'\'' | b'`' | b')'));
            option(bytes, hit.end, b"-a", false).or_else(|| value_behind(b"AUTH", bytes, hit.end).filter(last))
        }
        b"unrar x " | b"rar x " | b"rar a " => option(bytes, hit.end, b"-p", true).or_else(|| option(bytes, hit.end, b"-hp", true)),
        b"ldappasswd" => option(bytes, hit.end, b"-s", false).or_else(|| option(bytes, hit.end, b"-w", false)),
        b"mkpasswd" => to_be_hashed(bytes, hit.end),
        b"samba-tool user " => value_of_word(bytes, hit.end, 2),
        b"dscl " => nth_behind(b"-passwd", 2, bytes, hit.end),
        b"vault login" => value_of_word(bytes, hit.end, 0),
        b"nmcli " => value_behind(b"password", bytes, hit.end),
        b"htpasswd" | b"mosquitto_passwd" => third_word(bytes, hit.end),
        b"net user " => net_user(bytes, hit.end),
        b"net use " => net_use(bytes, hit.end),
        b"openssl " => cipher(bytes, hit.end),
        b"curl " => after(b':', bytes, user_option(bytes, hit.end - 1)?),
        anchor => {
            let &(_, flag) = OPTIONS.iter().find(|(command, _)| *command == anchor)?;
            let is_command = ends_command(bytes, hit.end - usize::from(anchor.ends_with(b" ")));
            is_command.then(|| option(bytes, hit.end, flag, false)).flatten()
        }
    };
    Some(Taken::at(hit, span))
}

/// What the part of a statement, a command or a call that an anchor is takes as a password.
fn within(anchor: &[u8], bytes: &[u8], hit: &Range<usize>) -> Option<Taken> {
    let span = match anchor {
        b"identified by" if names_user(bytes, hit.start) => after_by(Cursor::new(bytes, hit.end)),
        b"identified with" if names_user(bytes, hit.start) => after_plugin(Cursor::new(bytes, hit.end)),
        b"sp_addlogin" => second_argument(bytes, hit.end),
        b"securestring" => secure_string(Cursor::new(bytes, hit.end)),
        b"zip -p" if bytes[hit.end - 1] == b'P' => value_of_word(bytes, hit.end, 0),
        b"/v defaultpassword" => value_behind(b"/d", bytes, hit.end),
        b"quote pass " => last_word(bytes, hit.end, 0),
        b"stats auth " if starts_line(bytes, hit.start) => after(b':', bytes, last_word(bytes, hit.end, 0)?),
        b"]:587 " | b"]:465 " | b"]:25 " => after(b':', bytes, last_word(bytes, hit.end, 0)?),
        b": psk " | b": eap " | b": xauth " | b"clear-text=" => quoted(Cursor::new(bytes, hit.end)),
        b"curlopt_userpwd" => after(b':', bytes, set_to(bytes, hit.end)?),
        b"curlopt_password" | b"security_credentials" => set_to(bytes, hit.end),
        b"--password-stdin" | b"passwd --stdin" | b"cryptsetup" | b"--with-token" | b"--passphrase-fd" | b"| passwd" => {
            input::given(bytes, hit)
        }
        b"sendline(" | b"send \"" | b"send -- \"" | b".write(b\"" | b".write(b'" => prompt::answer(bytes, hit.clone()),
        b" on >" | b" on '>" => of_redis_user(bytes, hit),
        b"setairportnetwork " => value_of_word(bytes, hit.end, 2),
        b"gh secret set " => value_behind(b"--body", bytes, hit.end).or_else(|| value_behind(b"-b", bytes, hit.end)),
        b"put-parameter" => is_secure(bytes, hit.end).then(|| value_behind(b"--value", bytes, hit.end)).flatten(),
        b".psk " if bytes[..hit.start].ends_with(b"sec") || bytes[..hit.start].ends_with(b"-security") => value_of_word(bytes, hit.end, 0),
        b"wpa-psk " if starts_line(bytes, hit.start) => behind_marks(&[b"ascii", b"0"], bytes, hit.end),
        b" priv aes " | b" priv des " | b" priv 3des " => behind_marks(&[b"128", b"192", b"256"], bytes, hit.end),
        b"d-i passwd/" if starts_line(bytes, hit.start) => value_behind(b"password", bytes, hit.end),
        b"bindpw" if starts_line(bytes, hit.start) => value_of_word(bytes, hit.end, 0),
        b"rootpw" if starts_line(bytes, hit.start) => first_plain(bytes, hit.end),
        b"sudo -s" if bytes[hit.end - 1] == b'S' => input::piped(bytes, hit.start).or_else(|| input::behind(bytes, hit.end)),
        _ => return None,
    };
    Some(Taken::at(hit, span))
}

/// Commands, by the start of their names, with the option that the password follows.
const OPTIONS: [(&[u8], &[u8]); 44] = [
    (b"podman login", b"-p"),
    (b"buildah login", b"-p"),
    (b"skopeo login", b"-p"),
    (b"registry login", b"-p"),
    (b"oc login", b"-p"),
    (b"cf login", b"-p"),
    (b"cqlsh", b"-p"),
    (b"hdbsql", b"-p"),
    (b"isql ", b"-P"),
    (b"mosquitto_", b"-P"),
    (b"unlock-keychain", b"-p"),
    (b"create-keychain", b"-p"),
    (b"security import", b"-P"),
    (b"altool", b"-p"),
    (b"signtool", b"/p"),
    (b"snmpwalk", b"-A"),
    (b"docker login", b"-p"),
    (b"mongo", b"-p"),
    (b"sqlcmd", b"-P"),
    (b"ipmitool", b"-P"),
    (b"az login", b"-p"),
    (b"useradd", b"-p"),
    (b"usermod", b"-p"),
    (b"ldapsearch", b"-w"),
    (b"ldapadd", b"-w"),
    (b"ldapmodify", b"-w"),
    (b"plink ", b"-pw"),
    (b"plink.exe ", b"-pw"),
    (b"pscp ", b"-pw"),
    (b"pscp.exe ", b"-pw"),
    (b"ssh-keygen", b"-N"),
    (b"rdesktop", b"-p"),
    (b"slappasswd", b"-s"),
    (b"crackmapexec", b"-p"),
    (b"netexec", b"-p"),
    (b"evil-winrm", b"-p"),
    (b"rabbitmqadmin", b"-p"),
    (b"beeline", b"-p"),
    (b"ncftpput", b"-p"),
    (b"ncftpget", b"-p"),
    (b"add-user.sh", b"-p"),
    (b"snmpget", b"-A"),
    (b"add-generic-password", b"-w"),
    (b"add-internet-password", b"-w"),
];

/// Whether a command's name ends here, or a few letters on as that of `mongodump`.
fn ends_command(bytes: &[u8], at: usize) -> bool {
    let letters = bytes[at..].iter().take(8).take_while(|byte| byte.is_ascii_lowercase()).count();
    bytes.get(at + letters) == Some(&b' ')
}

/// Whether only blanks come before on the line.
pub(super) fn starts_line(bytes: &[u8], at: usize) -> bool {
    bytes[..at].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b'\n')
}

/// Whether a command's name may start here.
pub(super) fn starts_command(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| b" \t\n\r/\\\"'`$(|;&>".contains(&bytes[before]))
}

/// Whether a statement about a user comes before on the line.
fn names_user(bytes: &[u8], at: usize) -> bool {
    const STATEMENT: usize = 200;
    let head = &bytes[at.saturating_sub(STATEMENT)..at];
    let line = &head[memchr::memrchr(b'\n', head).map_or(0, |end| end + 1)..];
    let line = line.to_ascii_lowercase();
    let has = |words: &[&[u8]]| words.iter().any(|word| memchr::memmem::find(&line, word).is_some());
    has(&[b"grant "]) || has(&[b"create ", b"alter "]) && has(&[b"user ", b"database link "])
}

/// `IDENTIFIED BY 'x'`, `IDENTIFIED BY PASSWORD 'x'`, `identified by x`.
fn after_by(mut cursor: Cursor<'_>) -> Option<Range<usize>> {
    cursor.blanks();
    cursor.eat_word(b"values");
    cursor.blanks();
    value(cursor)
}

/// `IDENTIFIED WITH plugin BY 'x'`.
fn after_plugin(mut cursor: Cursor<'_>) -> Option<Range<usize>> {
    cursor.blanks();
    cursor.at += bare::word(cursor.rest());
    cursor.blanks();
    (cursor.eat_word(b"BY") || cursor.eat_word(b"by")).then_some(())?;
    cursor.blanks();
    value(cursor)
}

/// `sp_addlogin 'name', 'x'`.
fn second_argument(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let comma = memchr::memchr(b',', &bytes[line.clone()])?;
    let mut cursor = Cursor::new(bytes, line.start + comma + 1);
    cursor.blanks();
    cursor.eat(b"N");
    quoted(cursor)
}

/// `ConvertTo-SecureString 'x'`, `-String "x"`, `-AsPlainText "x"`; the text before `| ConvertTo-SecureString`.
fn secure_string(mut cursor: Cursor<'_>) -> Option<Range<usize>> {
    const OPTIONS: [&[u8]; 3] = [b"-String", b"-AsPlainText", b"-Force"];
    let piped = before_pipe(cursor);
    if piped.is_some() {
        return piped;
    }
    // A quote without a blank before it ends a text with the name of a type.
    if cursor.blanks() == 0 {
        return None;
    }
    while OPTIONS.iter().any(|option| cursor.eat_word(option)) {
        cursor.blanks();
    }
    quoted(cursor)
}

/// The text in quotes before `| ConvertTo-SecureString`, behind which the cursor stands.
fn before_pipe(cursor: Cursor<'_>) -> Option<Range<usize>> {
    const COMMAND: &[u8] = b"ConvertTo-SecureString";
    let start = cursor.at.checked_sub(COMMAND.len())?;
    let head = &cursor.text()[start.saturating_sub(LINE)..start];
    let trim = |text: &[u8]| text.len() - text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let head = head[..trim(head)].strip_suffix(b"|")?;
    let head = &head[..trim(head)];
    let (mark, text) = head.split_last().filter(|(mark, _)| matches!(mark, b'"' | b'\''))?;
    let open = memchr::memrchr2(*mark, b'\n', text).filter(|&open| text[open] == *mark)?;
    // Of another command it is an argument; `"$x"` is a variable.
    let before = text[..open].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
    let whole = before.is_none_or(|before| b"=({,;\n".contains(before));
    (whole && text.get(open + 1) != Some(&b'$')).then_some(())?;
    let end = start - (start.min(LINE) - text.len());
    Some(end - (text.len() - open - 1)..end)
}

/// The text in quotes that a constant stands for: `CURLOPT_PASSWORD, "x"`, `CURLOPT_PASSWORD => "x"`.
fn set_to(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let mut cursor = Cursor::new(bytes, from);
    cursor.blanks();
    (cursor.eat(b",") || cursor.eat(b"=>")).then_some(())?;
    cursor.blanks();
    quoted(cursor)
}

/// A text in quotes.
fn quoted(mut cursor: Cursor<'_>) -> Option<Range<usize>> {
    let quote = cursor.quote()?;
    cursor.quoted(quote)
}

/// The value of the option `flag` on the command line: joined to it, or the next word.
fn option(bytes: &[u8], from: usize, flag: &[u8], joined: bool) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    let at = words(text).find(|word| text[word.start..].starts_with(flag) && !text[word.start..].starts_with(b"-pass"))?;
    let mut cursor = Cursor::new(bytes, line.start + at.start + flag.len());
    let next_is_blank = matches!(cursor.peek(), None | Some(b' ' | b'\n'));
    if joined == next_is_blank {
        return None;
    }
    cursor.blanks();
    value(cursor)
}

/// The password of `-b FILE USER PASSWORD`, or of `-nb USER PASSWORD`.
fn third_word(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    let is_option = |word: &Range<usize>| text[word.start] == b'-';
    let has = |letter: u8| words(text).filter(is_option).any(|word| !text[word.clone()].starts_with(b"--") && text[word].contains(&letter));
    let word = words(text).filter(|word| !is_option(word)).nth(if has(b'n') { 1 } else { 2 })?;
    has(b'b').then(|| value(Cursor::new(bytes, line.start + word.start))).flatten()
}

/// The password of `net user NAME PASSWORD /add`. Words alone are those of a sentence.
fn net_user(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    let word = words(text).nth(1).filter(|word| !matches!(text[word.start], b'/' | b'*'))?;
    let option = words(text).skip(2).any(|word| text[word.start] == b'/');
    let mixed = text[word.clone()].iter().any(u8::is_ascii_digit) && text[word.clone()].iter().any(u8::is_ascii_alphabetic);
    (option || mixed).then(|| value(Cursor::new(bytes, line.start + word.start))).flatten()
}

/// The password of `net use Z: \\host\share PASSWORD /user:NAME`.
fn net_use(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    words(text).find(|word| text[word.clone()].to_ascii_lowercase().starts_with(b"/user:"))?;
    let share = words(text).position(|word| text[word].starts_with(b"\\\\"))?;
    let word = words(text).nth(share + 1).filter(|word| !matches!(text[word.start], b'/' | b'*'))?;
    value(Cursor::new(bytes, line.start + word.start))
}

/// The password of `openssl enc … -k PASSWORD`, or the key after `-K`.
fn cipher(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    if text.starts_with(b"passwd ") {
        return to_be_hashed(bytes, from + b"passwd ".len());
    }
    let option = words(text).find(|word| text[word.clone()].eq_ignore_ascii_case(b"-k"))?;
    let mut cursor = Cursor::new(bytes, line.start + option.end);
    cursor.blanks();
    value(cursor)
}

/// The password that a command makes a hash of: `mkpasswd -m sha-512 PASSWORD`, `openssl passwd -1 -salt x PASSWORD`.
fn to_be_hashed(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    const WITH_VALUE: [&[u8]; 6] = [b"-salt", b"-m", b"-S", b"-R", b"--method", b"--salt"];
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    let words: Vec<_> = words(text).take(WITH_VALUE.len() + 2).collect();
    let is_option = |at: usize| text[words[at].start] == b'-';
    let follows = |at: usize| at > 0 && WITH_VALUE.contains(&&text[words[at - 1].clone()]);
    let asks = || words.iter().any(|word| text[word.clone()].starts_with(b"-stdin"));
    let password = (0..words.len()).find(|&at| !is_option(at) && !follows(at)).filter(|_| !asks())?;
    value(Cursor::new(bytes, line.start + words[password].start))
}

/// The password of a user of Redis: `user ann on >PASSWORD`, `ACL SETUSER ann on >PASSWORD`.
fn of_redis_user(bytes: &[u8], hit: &Range<usize>) -> Option<Range<usize>> {
    let head = &bytes[hit.start.saturating_sub(LINE)..hit.start];
    let line = head[memchr::memrchr(b'\n', head).map_or(0, |end| end + 1)..].to_ascii_lowercase();
    let names_user = line.trim_ascii_start().starts_with(b"user ") || memchr::memmem::find(&line, b"acl setuser ").is_some();
    // `on >= 3` compares.
    (names_user && bytes.get(hit.end) != Some(&b'=')).then(|| value(Cursor::new(bytes, hit.end))).flatten()
}

/// Whether a parameter of AWS is one that is encrypted.
fn is_secure(bytes: &[u8], from: usize) -> bool {
    memchr::memmem::find(&bytes[command_line(bytes, from)], b"SecureString").is_some()
}

/// The word after those in `marks`.
fn behind_marks(marks: &[&[u8]], bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let text = &bytes[command_line(bytes, from)];
    let skipped = words(text).take_while(|word| marks.contains(&&text[word.clone()])).count();
    value_of_word(bytes, from, skipped)
}

/// The value that is the word at `place` of a command line.
pub(super) fn value_of_word(bytes: &[u8], from: usize, place: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let word = words(&bytes[line.clone()]).nth(place)?;
    let value = value(Cursor::new(bytes, line.start + word.start))?;
    (!bytes[value.clone()].contains(&b'=')).then_some(value)
}

/// The word at `place`, if it is the last one of the command.
fn last_word(bytes: &[u8], from: usize, place: usize) -> Option<Range<usize>> {
    let text = &bytes[command_line(bytes, from)];
    let count = words(text).take_while(|word| text[word.start] != b'>').count();
    (count == place + 1).then(|| value_of_word(bytes, from, place)).flatten()
}

/// The password of `rabbitmqctl add_user NAME PASSWORD` and of its like.
fn of_rabbit(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    const VERBS: [&[u8]; 3] = [b"add_user", b"change_password", b"authenticate_user"];
    let line = command_line(bytes, from);
    let verb = words(&bytes[line.clone()]).position(|word| VERBS.contains(&&bytes[line.start + word.start..line.start + word.end]))?;
    value_of_word(bytes, from, verb + 2)
}

/// The value after the first word `name` of a command line.
pub(super) fn value_behind(name: &[u8], bytes: &[u8], from: usize) -> Option<Range<usize>> {
    nth_behind(name, 1, bytes, from)
}

/// The value that is the word `count` words behind the first word `name` of a command line.
fn nth_behind(name: &[u8], count: usize, bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let place = words(&bytes[line.clone()]).position(|word| bytes[line.start + word.start..line.start + word.end] == *name)?;
    value_of_word(bytes, from, place + count)
}

/// The first word of a line that is no option: `rootpw --plaintext PASSWORD`. The hash of a password says so.
fn first_plain(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    let place = words(text).position(|word| text[word.start] != b'-')?;
    let is_hash = words(text).any(|word| text[word] == *b"--iscrypted");
    (!is_hash).then(|| value_of_word(bytes, from, place)).flatten()
}

/// The password of `sqlplus user/password@database`.
pub(super) fn login_of_oracle(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    let login = words(text).find(|word| text[word.start] != b'-')?;
    let login = value(Cursor::new(bytes, line.start + login.start))?;
    let password = after(b'/', bytes, login)?;
    let length = memchr::memchr(b'@', &bytes[password.clone()]).unwrap_or(password.len());
    (length > 0).then_some(password.start..password.start + length)
}

/// What follows the user and `sign` in `user:password`.
pub(super) fn after(sign: u8, bytes: &[u8], span: Range<usize>) -> Option<Range<usize>> {
    let sign = memchr::memchr(sign, &bytes[span.clone()])?;
    (sign > 0 && span.start + sign + 1 < span.end).then_some(span.start + sign + 1..span.end)
}

/// The value of `-u user:password`.
fn user_option(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let line = command_line(bytes, from);
    let text = &bytes[line.clone()];
    let option = words(text).find(|word| matches!(&text[word.clone()], b"-u" | b"--user" | b"-U" | b"--proxy-user"))?;
    let mut cursor = Cursor::new(bytes, line.start + option.end);
    cursor.blanks();
    value(cursor)
}

/// A quoted value or a word, which does not stand for another as in the usage of a command (`-k PASSWORD`).
pub(super) fn value(mut cursor: Cursor<'_>) -> Option<Range<usize>> {
    if let Some(quote) = cursor.quote() {
        let bytes = cursor.text();
        return cursor.quoted(quote).filter(|span| !span.is_empty() && (quote.mark != b'"' || !is_variable(&bytes[span.clone()])));
    }
    if stands_for_a_value(cursor.rest()) {
        return None;
    }
    let length = bare::word(&cursor.rest()[..cursor.rest().len().min(LINE)]);
    let elsewhere = [&b"@keychain:"[..], b"@env:"].iter().any(|place| cursor.rest().starts_with(place));
    let plain = !elsewhere && !matches!(cursor.peek(), None | Some(b'-' | b'$' | b'<' | b'{' | b'(' | b'['));
    (plain && length > 0).then_some(cursor.at..cursor.at + length)
}

/// Whether a shell puts something else in the place of all of a text: `$pw`, `$1`.
fn is_variable(text: &[u8]) -> bool {
    text.strip_prefix(b"$").is_some_and(|name| !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'))
}

/// Whether a word in capitals says what belongs here: `PASSWORD`, `NEW_PASSWORD`.
fn stands_for_a_value(rest: &[u8]) -> bool {
    const NAMES: [&[u8]; 6] = [b"PASSWORD", b"PASSWD", b"PASSPHRASE", b"PWD", b"PASS", b"SECRET"];
    let length = rest.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_').count();
    let ends = !rest.get(length).is_some_and(u8::is_ascii_alphanumeric);
    ends && NAMES.iter().any(|name| rest[..length].ends_with(name))
}

/// The rest of the line up to a pipe, with the lines that it goes on to.
pub(super) fn command_line(bytes: &[u8], from: usize) -> Range<usize> {
    let rest = &bytes[from..bytes.len().min(from + LINE)];
    let rest = &rest[..end_of_span(bytes, from).map_or(rest.len(), |end| rest.len().min(end - from))];
    let end = memchr::memchr3_iter(b'\n', b'|', b';', rest).find(|&at| rest[at] != b'\n' || at == 0 || rest[at - 1] != b'\\');
    from..from + end.unwrap_or(rest.len())
}

/// Where the text ends that stands between backquotes with `from`: a command that is spoken of, `prog -b` in a sentence, or one in another.
fn end_of_span(bytes: &[u8], from: usize) -> Option<usize> {
    let head = &bytes[from.saturating_sub(LINE)..from];
    let line = &head[memchr::memrchr(b'\n', head).map_or(0, |end| end + 1)..];
    let opened = memchr::memchr_iter(b'`', line).count() % 2 == 1;
    let rest = &bytes[from..bytes.len().min(from + LINE)];
    opened.then(|| memchr::memchr2(b'`', b'\n', rest)).flatten().filter(|&end| rest[end] == b'`').map(|end| from + end)
}

/// The words of a line.
fn words(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].iter().position(|byte| !byte.is_ascii_whitespace())?;
        let end = line[start..].iter().position(u8::is_ascii_whitespace).map_or(line.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}
