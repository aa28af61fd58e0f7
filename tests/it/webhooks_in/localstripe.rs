//! localstripe (PyPI), a Stripe of one's own, in a process of its own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// A running localstripe; it is killed when it is dropped.
pub(super) struct LocalStripe {
    child: Child,
    address: String,
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends a request; gives the status and the body of the answer.
pub(crate) fn http(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).unwrap();
    // Who refuses a body may have closed before it was read whole.
    drop(stream.write_all(body.as_bytes()));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer with a head");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

impl LocalStripe {
    /// Starts it on a free port, and waits until it answers.
    pub(super) fn start() -> Self {
        let port = TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/.venv/bin/localstripe");
        let child = Command::new(program)
            .args(["--from-scratch", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stripe = Self {
            child,
            address: format!("127.0.0.1:{port}"),
        };
        for _ in 0..600 {
            if TcpStream::connect(&stripe.address).is_ok() {
                return stripe;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        panic!("localstripe does not listen");
    }

    fn send(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let quoted = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
        let pairs = form
            .iter()
            .map(|(name, value)| format!("{}={}", quoted(name), quoted(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let headers = [
            ("Authorization", "Bearer sk_test_annals"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        http(&self.address, method, path, &headers, &body)
    }

    fn sent(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Value {
        let (status, body) = self.send(method, path, form);
        assert_eq!(status, 200, "{method} {path}: {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    pub(super) fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        self.sent("POST", path, form)
    }

    /// Where Stripe may say no: a declined card is what is wanted.
    pub(super) fn try_post(&self, path: &str, form: &[(&str, &str)]) {
        self.send("POST", path, form);
    }

    pub(super) fn get(&self, path: &str) -> Value {
        self.sent("GET", path, &[])
    }

    pub(super) fn delete(&self, path: &str) {
        self.sent("DELETE", path, &[]);
    }

    /// Makes something, and gives its id.
    pub(super) fn id(&self, path: &str, form: &[(&str, &str)]) -> String {
        self.post(path, form)["id"].as_str().unwrap().to_owned()
    }
}
