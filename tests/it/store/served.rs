//! A fake server: requests, answered by rules and what is kept, and what goes wrong with them. Owns: starting it, troubles. Must not: know a store.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::http::{Answer, Request, Server};

/// Something that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is done, and answered with 500 and HTML.
    HtmlAfter,
    /// It is not done, and answered with 500 and no JSON.
    HtmlBefore,
    /// It is done, and the connection ends.
    DropAfter,
    /// It is not done, and the connection ends.
    DropBefore,
    /// It is turned away: too many.
    Throttle,
    /// It is not allowed.
    Denied,
    /// The key cannot be used.
    Key,
    /// It is done, late.
    Slow,
}

impl Fault {
    /// The answer of a request that is not done.
    pub fn before(self) -> Option<Answer> {
        match self {
            Self::HtmlBefore => Some(Answer::Reply(500, "text/html", b"<html>oops</html>".to_vec())),
            Self::DropBefore => Some(Answer::Drop),
            _ => None,
        }
    }

    /// The answer of a request that is done, in place of this one.
    pub fn after(self, done: Answer) -> Answer {
        match self {
            Self::HtmlAfter => Answer::Reply(500, "text/html", b"<html>oops</html>".to_vec()),
            Self::DropAfter => Answer::Drop,
            Self::Slow => {
                std::thread::sleep(Duration::from_millis(300));
                done
            }
            _ => done,
        }
    }
}

/// What goes wrong with a server, and what it was asked.
#[derive(Default)]
pub struct Trouble {
    faults: BTreeMap<String, VecDeque<Fault>>,
    /// What may not be done, in the server's words.
    pub denied: BTreeSet<String>,
    /// The calls, in order.
    pub calls: Vec<String>,
}

impl Trouble {
    /// Lets the next requests of a call fail, in this order.
    pub fn fail(&mut self, call: &str, faults: &[Fault]) {
        self.faults.entry(call.to_owned()).or_default().extend(faults);
    }

    /// Notes a call, and gives what goes wrong with it.
    pub fn next(&mut self, call: &str) -> Option<Fault> {
        self.calls.push(call.to_owned());
        self.faults.get_mut(call).and_then(VecDeque::pop_front)
    }
}

/// What a server keeps, and how it answers.
pub trait Rules: Default + Send + 'static {
    fn trouble(&mut self) -> &mut Trouble;

    fn answer(state: &Mutex<Self>, request: &Request) -> Answer;
}

/// A server with such rules.
pub struct Served<R> {
    server: Server,
    state: Arc<Mutex<R>>,
}

impl<R: Rules> Served<R> {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(R::default()));
        let shared = Arc::clone(&state);
        Self { server: Server::start(move |request| R::answer(&shared, request)), state }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What it keeps.
    pub fn state(&self) -> MutexGuard<'_, R> {
        self.state.lock().unwrap()
    }

    /// Lets the next requests of a call, in the server's words, fail in this order.
    pub fn fail(&self, call: &str, faults: &[Fault]) {
        self.state().trouble().fail(call, faults);
    }

    /// Denies something, in the server's words.
    pub fn deny(&self, what: &str) {
        self.state().trouble().denied.insert(what.to_owned());
    }

    /// Allows it again.
    pub fn allow(&self, what: &str) {
        self.state().trouble().denied.remove(what);
    }

    /// The calls, in order.
    pub fn calls(&self) -> Vec<String> {
        self.state().trouble().calls.clone()
    }
}
