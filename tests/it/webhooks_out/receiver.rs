//! Receivers of webhooks: one of ours that answers as a test wants, and those of others in processes of their own.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a test waits for at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) at: Instant,
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// How a request is answered: by the request, and how many of its id came before.
pub(crate) type Answer = dyn Fn(&Came, usize) -> String + Send + Sync;

/// A receiver in this process.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: String,
    came: Arc<Mutex<Vec<Came>>>,
}

pub(crate) const FINE: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

pub(crate) fn status(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

impl Receiver {
    pub(crate) fn start(answer: impl Fn(&Came, usize) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap().to_string(),
            came: Arc::default(),
        };
        let (came, answer): (_, Arc<Answer>) = (Arc::clone(&receiver.came), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (came, answer) = (Arc::clone(&came), Arc::clone(&answer));
                std::thread::spawn(move || drop(serve(stream, &came, &*answer)));
            }
        });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    /// Waits until what came is as it should be.
    pub(crate) fn until(&self, is_enough: impl Fn(&[Came]) -> bool) -> Vec<Came> {
        let began = Instant::now();
        loop {
            let came = self.came();
            if is_enough(&came) {
                return came;
            }
            assert!(began.elapsed() < PATIENCE, "only this came: {came:#?}");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

fn serve(stream: TcpStream, came: &Mutex<Vec<Came>>, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut id) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(("webhook-id", value)) => value.clone_into(&mut id),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let one = Came {
        at: Instant::now(),
        id,
        path,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let before = {
        let mut came = came.lock().unwrap();
        let before = came
            .iter()
            .filter(|other| other.id == one.id && other.path == one.path)
            .count();
        came.push(one.clone());
        before
    };
    let mut stream = stream;
    stream.write_all(answer(&one, before).as_bytes())
}

/// A receiver that others wrote, in a process of its own; it ends when it is dropped.
pub(crate) struct Foreign {
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::Receiver<Value>,
    pub(crate) port: u64,
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Foreign {
    pub(crate) fn start(program: &Path, script: &str) -> Self {
        let mut child = Command::new(program)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients"))
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                drop(tell.send(serde_json::from_str(&line).unwrap_or_default()));
            }
        });
        let stdin = child.stdin.take().unwrap();
        let mut foreign = Self {
            child,
            stdin,
            lines,
            port: 0,
        };
        foreign.port = foreign.next()["port"].as_u64().unwrap();
        foreign
    }

    /// What it says next.
    pub(crate) fn next(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("it says something")
    }

    /// Tells it a secret.
    pub(crate) fn learn(&mut self, secret: &str) {
        writeln!(self.stdin, "{secret}").unwrap();
        let told = self.next();
        assert!(told["secrets"].is_number(), "{told}");
    }
}
