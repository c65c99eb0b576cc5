//! A web server that serves a folder, and fails as often as it is told to.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Serves a folder; every `failing`th request is answered with 503. Lives as long as the test program.
pub(crate) fn serve(root: &Path, failing: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (root, count): (PathBuf, _) = (root.to_owned(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, root, count) = (stream.unwrap(), root.clone(), Arc::clone(&counted));
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let mut lines = Vec::new();
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        if line == "\r\n" {
                            break;
                        }
                        lines.push(line);
                    }
                    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                    let path = lines[0].split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
                    let (status, body) = match fs::read(root.join(path)) {
                        _ if failing > 0 && number.is_multiple_of(failing) => ("503 Busy", Vec::new()),
                        Ok(body) => ("200 OK", body),
                        Err(_) => ("404 Not Found", Vec::new()),
                    };
                    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
                    if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, count)
}
