//! A person at a terminal. Owns: keys without Enter, lines with it, and leaving the terminal as it was. Must not: know what is asked.
//!
//! The terminal is in raw mode only while a key is waited for. Control-C is a key then, so nothing can end the program in that time and leave
//! the terminal behind.

use std::io::{self, BufRead, IsTerminal, Read, Write};

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter, or any other byte.
    Byte(u8),
    /// The person is gone, or wants to be: the end of input, Control-C, Control-D.
    End,
}

const CONTROL_C: u8 = 3;
const CONTROL_D: u8 = 4;

/// Standard input and output of a terminal.
#[derive(Debug)]
pub struct Terminal {
    stdin: io::Stdin,
    stdout: io::Stdout,
    /// Whether it can show another screen and come back.
    has_screens: bool,
}

impl Terminal {
    /// The terminal; none where nobody sits there.
    pub fn open(is_dumb: bool) -> Option<Self> {
        let (stdin, stdout) = (io::stdin(), io::stdout());
        (stdin.is_terminal() && stdout.is_terminal()).then_some(Self { stdin, stdout, has_screens: !is_dumb })
    }

    /// Asks for a key. The question shows when the key is waited for, not before: then Control-C is one already.
    ///
    /// # Errors
    /// What the system says.
    pub fn key(&self, prompt: &str) -> io::Result<Key> {
        let mut stdin = self.stdin.lock();
        let _raw = raw::Raw::enter()?;
        self.write(prompt)?;
        let mut byte = [0];
        Ok(match stdin.read(&mut byte)? {
            0 => Key::End,
            _ if matches!(byte[0], CONTROL_C | CONTROL_D) => Key::End,
            _ => Key::Byte(byte[0]),
        })
    }

    /// Asks for a line; none at the end of input.
    ///
    /// # Errors
    /// What the system says.
    pub fn line(&self, prompt: &str) -> io::Result<Option<String>> {
        self.write(prompt)?;
        let mut line = String::new();
        let read = self.stdin.lock().read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim().to_owned()))
    }

    /// Writes text at once.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let mut stdout = self.stdout.lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Shows text until a key is pressed, on a screen of its own where there is one, so that it does not stay.
    ///
    /// # Errors
    /// What the system says.
    pub fn show_for_a_while(&self, text: &str) -> io::Result<()> {
        let (enter, leave) = if self.has_screens { ("\x1b[?1049h\x1b[H\x1b[2J", "\x1b[?1049l") } else { ("", "") };
        let key = self.key(&format!("{enter}{text}any key goes back\n"));
        self.write(leave)?;
        key.map(drop)
    }
}

#[cfg(unix)]
mod raw {
    //! Raw mode by termios.

    use std::io;

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// Standard input gives each byte as it is typed; dropping it gives the old mode back.
    pub struct Raw(Termios);

    impl Raw {
        /// Begins.
        pub fn enter() -> io::Result<Self> {
            let old = tcgetattr(io::stdin())?;
            let mut raw = old.clone();
            raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
            // What was typed ahead stays.
            tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?;
            Ok(Self(old))
        }
    }

    impl Drop for Raw {
        fn drop(&mut self) {
            // There is nobody to tell.
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
        }
    }
}

#[cfg(not(unix))]
mod raw {
    //! Without raw mode a key needs Enter.

    use std::io;

    /// Nothing to give back.
    pub struct Raw;

    impl Raw {
        /// Begins.
        pub fn enter() -> io::Result<Self> {
            Ok(Self)
        }
    }
}
