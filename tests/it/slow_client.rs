//! Clients that send or read too slowly do not hold the program.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::program::{Up, folder};

/// Sends a byte at a time until the other side has enough; tells how long that took and what it said.
fn drip(address: &str, begin: &str) -> (Duration, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let began = Instant::now();
    stream.write_all(begin.as_bytes()).unwrap();
    let (mut said, mut buffer) = (String::new(), [0; 1024]);
    while began.elapsed() < Duration::from_secs(30) {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => said.push_str(&String::from_utf8_lossy(&buffer[..length])),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if stream.write_all(b"x").is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    (began.elapsed(), said)
}

#[test]
fn slow_loris_is_let_go_and_the_others_are_served() {
    let data = folder();
    let up = Up::start_with(data.path(), &["--head-ms", "1000", "--time-ms", "2000"]);
    let loris: Vec<_> = (0..20)
        .map(|_| {
            let address = up.address.clone();
            std::thread::spawn(move || drip(&address, "GET /graphql HTTP/1.1\r\nHost: x\r\nX-Slow: "))
        })
        .collect();
    let body = {
        let address = up.address.clone();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: \
             application/json\r\nContent-Length: 100000\r\n\r\n",
            up.admin_token
        );
        std::thread::spawn(move || drip(&address, &head))
    };
    let answer = up.ask(None, "{ __typename }");
    assert_eq!(answer["__typename"], "Query");
    for slow in loris {
        let (took, _) = slow.join().unwrap();
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
    let (took, said) = body.join().unwrap();
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(said.contains("408") && said.contains("TIMED_OUT"), "{said}");
}

#[test]
fn an_open_stream_does_not_keep_the_program_from_ending() {
    let data = folder();
    let mut up = Up::start(data.path());
    up.provision("shop");
    let mut stream = TcpStream::connect(&up.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let query = "query=subscription%7Bevents%7B__typename%7D%7D";
    let head = format!(
        "GET /graphql?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nX-Annals-Tenant: shop\r\nAccept: \
         text/event-stream\r\n\r\n",
        up.admin_token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut buffer = [0; 2048];
    let length = stream.read(&mut buffer).unwrap();
    let said = String::from_utf8_lossy(&buffer[..length]);
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    let began = Instant::now();
    assert_eq!(up.signal("-TERM"), 0);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
