//! A proxy that breaks connections. Owns: when. Must not: change what it passes on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use super::http::{Answer, Request, Server};

/// Where a connection breaks.
#[derive(Debug, Clone, Copy)]
pub enum Cut {
    /// The server never sees the request.
    BeforeRequest,
    /// The server did it, and nothing of its answer comes through.
    AfterRequest,
    /// Half of the answer comes through.
    MidAnswer,
}

/// A proxy in front of a server.
pub struct Proxy(Server);

impl Proxy {
    /// Breaks the first `times` requests.
    pub fn start(server: String, cut: Cut, times: u32) -> Self {
        let left = AtomicU32::new(times);
        Self(Server::start(move |request| {
            let breaks = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            match cut {
                Cut::BeforeRequest if breaks => Answer::Drop,
                _ => {
                    let answer = pass(&server, request);
                    match cut {
                        Cut::AfterRequest if breaks => Answer::Drop,
                        Cut::MidAnswer if breaks => Answer::Raw(answer[..answer.len() / 2].to_vec()),
                        _ => Answer::Raw(answer),
                    }
                }
            }
        }))
    }

    pub fn url(&self) -> String {
        self.0.url()
    }
}

/// The server's whole answer.
fn pass(server: &str, request: &Request) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.trim_start_matches("http://")).unwrap();
    let head = String::from_utf8_lossy(&request.head).trim_end().to_owned();
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    stream.write_all(&request.body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}
