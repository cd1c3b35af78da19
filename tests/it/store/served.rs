//! A fake server: requests, answered by rules and what is kept, and what goes wrong with them. Owns: starting it, troubles. Must not: know a store.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
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
    hold: Option<Hold>,
}

/// A call that is not answered.
struct Hold {
    /// Which one, from 1.
    call: usize,
    /// Whether it is done before.
    done: bool,
    reached: Sender<()>,
    released: Arc<AtomicBool>,
}

/// Somebody who waits until a server has come to a call.
pub struct Held {
    reached: Receiver<()>,
    released: Arc<AtomicBool>,
}

impl Held {
    /// Whether the server has come to it, and holds its answer.
    pub fn is_reached(&self) -> bool {
        self.reached.try_recv().is_ok()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.released.store(true, Ordering::SeqCst);
    }
}

impl Hold {
    /// Says that it is reached, and gives no answer until nobody waits for one.
    fn drop_when_released(&self) -> Answer {
        let _ = self.reached.send(());
        while !self.released.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Answer::Drop
    }
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

/// The answer, unless it is held.
fn answered<R: Rules>(state: &Mutex<R>, request: &Request) -> Answer {
    let hold = {
        let mut state = state.lock().unwrap();
        let trouble = state.trouble();
        let next = trouble.calls.len() + 1;
        // Once: whoever asks while it is held gets an answer.
        trouble.hold.take_if(|hold| hold.call == next).filter(|hold| !hold.released.load(Ordering::SeqCst))
    };
    match hold {
        None => R::answer(state, request),
        Some(hold) => {
            if hold.done {
                drop(R::answer(state, request));
            }
            hold.drop_when_released()
        }
    }
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
        Self { server: Server::start(move |request| answered(&shared, request)), state }
    }

    /// Has the server keep the answer of its n-th call from now on, which it does before or not at all.
    pub fn hold(&self, call: usize, done: bool) -> Held {
        let (sender, reached) = std::sync::mpsc::channel();
        let released = Arc::new(AtomicBool::new(false));
        let mut state = self.state();
        let trouble = state.trouble();
        let call = trouble.calls.len() + call;
        trouble.hold = Some(Hold { call, done, reached: sender, released: Arc::clone(&released) });
        Held { reached, released }
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
