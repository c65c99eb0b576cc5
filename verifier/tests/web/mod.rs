//! A web server that serves a folder, fails as often as it is told to, or answers as a test wants.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without its first slash.
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// The status with its reason, more header lines each ended by CRLF, and the body.
pub(crate) type Answer = (String, String, Vec<u8>);

/// Serves a folder; every `failing`th request is answered with 503. Lives as long as the test program.
pub(crate) fn serve(root: &Path, failing: usize) -> (String, Arc<AtomicUsize>) {
    serve_at("127.0.0.1:0", root, failing)
}

/// Serves a folder at an address.
pub(crate) fn serve_at(address: &str, root: &Path, failing: usize) -> (String, Arc<AtomicUsize>) {
    let (root, count): (PathBuf, _) = (root.to_owned(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let address = answer_at(address, move |request| {
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        let (status, body) = match fs::read(root.join(&request.path)) {
            _ if failing > 0 && number.is_multiple_of(failing) => ("503 Busy", Vec::new()),
            Ok(body) => ("200 OK", body),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        (status.to_owned(), String::new(), body)
    });
    (address, count)
}

/// Answers every request so. Lives as long as the test program.
pub(crate) fn answer_with(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> String {
    answer_at("127.0.0.1:0", answer)
}

fn answer_at(address: &str, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind(address).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || converse(stream, answer.as_ref()));
        }
    });
    address
}

fn converse(mut stream: TcpStream, answer: &dyn Fn(&Request) -> Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        let (status, more, body) = answer(&request);
        let head = format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if first.is_empty() {
            first = line;
        }
    }
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.trim_start_matches('/').to_owned());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, body })
}
