//! Answers of the route as they come over the wire, and what their lines say.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::program::Up;

/// An answer of the route on its way.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    body: BufReader<TcpStream>,
}

impl Answer {
    /// Asks GraphQL, with these headers.
    pub(super) fn to(up: &Up, document: &str, headers: &str) -> Self {
        let body = json!({ "query": document }).to_string();
        let headers = format!(
            "{headers}Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        Self::asked(up, "POST /graphql", &headers, &body)
    }

    /// Asks for a path, with these headers.
    pub(super) fn of(up: &Up, path: &str, headers: &str) -> Self {
        Self::asked(up, &format!("GET {path}"), headers, "")
    }

    fn asked(up: &Up, line: &str, headers: &str, body: &str) -> Self {
        let mut stream = TcpStream::connect(&up.address).unwrap();
        let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n{body}");
        stream.write_all(head.as_bytes()).unwrap();
        let mut body = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(body.read_line(&mut head).unwrap() > 0, "{head}");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let head = head.to_lowercase();
        Self { status, head, body }
    }

    /// The next piece as it was sent (RFC 9112, section 7.1); `None`: that was all.
    pub(super) fn chunk(&mut self) -> Option<String> {
        assert!(self.head.contains("transfer-encoding: chunked"), "{}", self.head);
        let mut size = String::new();
        self.body.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut piece = vec![0; size + 2];
        self.body.read_exact(&mut piece).unwrap();
        piece.truncate(size);
        (size > 0).then(|| String::from_utf8(piece).unwrap())
    }

    pub(super) fn whole(mut self) -> String {
        if self.head.contains("transfer-encoding: chunked") {
            return std::iter::from_fn(|| self.chunk()).collect();
        }
        let mut text = String::new();
        self.body.read_to_string(&mut text).unwrap();
        text
    }
}

pub(super) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// The text of an answer that went well.
pub(super) fn fed(up: &Up, token: &str, query: &str) -> String {
    let answer = Answer::of(up, &format!("/v1/audit/feed{query}"), &bearer(token));
    assert_eq!(answer.status, 200, "{query}: {}", answer.head);
    answer.whole()
}

pub(super) fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Records of comma-separated values (RFC 4180).
pub(super) fn records(csv: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut letters = csv.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            '\r' if !is_quoted => {}
            other => field.push(other),
        }
    }
    assert!(record.is_empty() && field.is_empty() && !is_quoted, "{csv}");
    records
}
