//! A service on a local port that answers well, badly, slowly or not at all.

use std::io::BufRead as _;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use super::*;

const IDENTITY: &str = r#"{"region":"us-east-1","imageId":"ami-1","version":1,"billingProducts":["bp-1","bp-2"],"devpayProductCodes":null}"#;
/// Far beyond what a test takes, so that only a service that never answers runs into it.
pub(super) const PATIENT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

/// A service that answers each request with what `answer` makes of it; gives its address and the requests it got.
pub(super) fn service(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = String::new();
            let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
            while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request).is_ok_and(|length| length > 0) {}
            let _ = stream.write_all(&answer(&request));
            let _ = sender.send(request);
        }
    });
    (address, requests)
}

pub(super) fn http(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nServer: EC2ws\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn amazon(v1: bool) -> impl Fn(&str) -> Vec<u8> {
    move |request| match request {
        _ if request.starts_with("PUT /latest/api/token ") => http("200 OK", "AQAEtoken=="),
        _ if request.starts_with("GET /latest/meta-data/product-codes ") && v1 => http("200 OK", "abc\ndef\n"),
        _ if request.starts_with("GET /latest/dynamic/instance-identity/rsa2048 ") => {
            if v1 {
                http("404 Not Found", "")
            } else {
                http("200 OK", "AAEC\nAwQ=")
            }
        }
        _ if !request.starts_with("GET /latest/dynamic/instance-identity/document ") => http("404 Not Found", ""),
        _ if request.contains("X-aws-ec2-metadata-token: AQAEtoken==\r\n") || v1 => http("200 OK", IDENTITY),
        _ => http("401 Unauthorized", ""),
    }
}

fn why(answer: Answer) -> String {
    match answer {
        Answer::None(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_document_and_whether_a_token_is_needed() {
    for v1 in [false, true] {
        let (address, requests) = service(amazon(v1));
        let before = Timestamp::now();
        let Answer::Found { document, identity, product_codes, token_required } = ask_at(address, PATIENT) else {
            panic!("not found")
        };
        assert_eq!(document.get("region").map(String::as_str), Some("us-east-1"));
        assert_eq!(document.get("version").map(String::as_str), Some("1"));
        assert_eq!(document.get("billingProducts").map(String::as_str), Some("bp-1, bp-2"));
        assert_eq!(document.len(), 4);
        assert_eq!(identity.document, IDENTITY.as_bytes(), "its exact bytes");
        assert!(identity.fetched_at >= before && identity.fetched_at <= Timestamp::now());
        if v1 {
            assert!(identity.rsa2048.unwrap_err().contains("answered 404 when asked for the identity document's"));
        } else {
            assert_eq!(identity.rsa2048, Ok(vec![0, 1, 2, 3, 4]));
        }
        let codes = if v1 { vec!["abc".to_owned(), "def".to_owned()] } else { Vec::new() };
        assert_eq!(product_codes, Some(codes));
        assert_eq!(token_required, Some(!v1));
        assert_eq!(requests.iter().take(5).filter(|request| request.starts_with("GET")).count(), 4);
    }
}

#[test]
fn an_answer_without_a_length_ends_with_the_stream() {
    let (address, _requests) = service(|request| match request.split(' ').next() {
        Some("PUT") => b"HTTP/1.0 200 OK\r\n\r\ntoken".to_vec(),
        _ => format!("HTTP/1.0 200 OK\r\n\r\n{IDENTITY}").into_bytes(),
    });
    assert!(matches!(ask_at(address, PATIENT), Answer::Found { token_required: Some(false), .. }));
}

#[test]
fn a_signature_that_is_none_is_said() {
    for body in ["", "\n", "<html>", "AAE", "AA==AA=="] {
        let (address, _requests) = service(move |request| match request {
            _ if request.starts_with("PUT") => http("200 OK", "token"),
            _ if request.contains("/rsa2048 ") => http("200 OK", body),
            _ => http("200 OK", IDENTITY),
        });
        let Answer::Found { identity, .. } = ask_at(address, PATIENT) else { panic!("{body}") };
        assert!(identity.rsa2048.as_ref().is_err_and(|why| why.contains("no base64")), "{body}: {identity:?}");
    }
}

#[test]
fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(why(ask_at(address, PATIENT)).starts_with("no metadata service at 127.0.0.1"));
}

#[test]
fn somebody_else_there() {
    let answers: [(&str, Vec<u8>); 6] = [
        ("answered 404", http("404 Not Found", "")),
        ("answered 403", http("403 Forbidden", "")),
        ("no token", http("200 OK", "two\r\nlines")),
        ("no identity document", http("200 OK", "<html>")),
        ("does not speak HTTP", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("does not speak HTTP", b"HTTP/1.1 \xff 200\r\n\r\n".to_vec()),
    ];
    for (reason, answer) in answers {
        let (address, _requests) = service(move |_| answer.clone());
        let why = why(ask_at(address, PATIENT));
        assert!(why.contains(reason), "{why:?} does not say {reason:?}");
    }
}

#[test]
fn an_endless_answer_is_cut() {
    let (address, _requests) = service(|_| vec![b'x'; 1 << 20]);
    assert_eq!(why(ask_at(address, PATIENT)), "the metadata service's answer is too long");
}

#[test]
fn a_silent_service_is_given_up() {
    // The listener's queue takes the connection; nobody ever answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(why(ask_at(listener.local_addr().unwrap(), SHORT)), late());
}

#[test]
fn a_body_that_never_ends_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (done, wait) = mpsc::channel::<()>();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").unwrap();
        let _ = wait.recv();
    });
    assert_eq!(why(ask_at(address, SHORT)), late());
    drop(done);
    server.join().unwrap();
}

#[test]
fn forbidden_is_never_asked() {
    let live = crate::image::live::Live::default();
    live.forbid_metadata();
    assert_eq!(live.metadata(), &Answer::Forbidden);
}

proptest::proptest! {
    #[test]
    fn no_answer_panics(bytes in proptest::collection::vec(proptest::sample::select(b"HTP/1. 20\r\nContent-Length:\xff{}\"".to_vec()), 0..200)) {
        let _ = response(&bytes, true);
        let _ = fields(&bytes);
    }
}
