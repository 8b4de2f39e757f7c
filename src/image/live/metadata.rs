//! The EC2 instance metadata service, version 2 (EC2 user guide, "Instance metadata and user data").
//!
//! Five HTTP/1.1 exchanges with a link-local address: a token; the instance identity document, its signature and the
//! product codes with it; the document without it. All of them together end within one second, and no answer is read
//! beyond a few kilobytes.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use jiff::Timestamp;

pub(super) mod launch;
pub(super) mod outside;

/// What the metadata service said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was not asked: `--no-imds`.
    Forbidden,
    /// It did not answer in time, or this is no EC2 instance; why.
    None(String),
    /// The instance identity document's fields as text, and whether a request without a token was refused.
    Found {
        /// `region`, `imageId`, `architecture`, `instanceId`, `accountId` …; lists such as `billingProducts` with
        /// commas between their elements.
        document: BTreeMap<String, String>,
        /// The same document as evidence.
        identity: Box<Identity>,
        /// The codes of products that are charged for while this instance runs; `None` when that was not answered.
        product_codes: Option<Vec<String>>,
        /// `Some(true)` when IMDSv1 is off.
        token_required: Option<bool>,
    },
}

/// The instance identity document as it was given, and its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The document's exact bytes: JSON, some hundred bytes.
    pub document: Vec<u8>,
    /// The PKCS#7 message at `rsa2048`, decoded from its base64; or why there is none.
    pub rsa2048: Result<Vec<u8>, String>,
    /// When it was fetched, by this machine's clock.
    pub fetched_at: Timestamp,
}

#[cfg(test)]
impl Identity {
    /// For tests that look at the fields only.
    pub(crate) fn empty() -> Self {
        Self { document: Vec::new(), rsa2048: Err(String::new()), fetched_at: Timestamp::UNIX_EPOCH }
    }
}

/// How long everything together may take.
const LIMIT: Duration = Duration::from_secs(1);
/// The longest answer that is read, in bytes; the document has a few hundred.
const LONGEST: usize = 16 << 10;
/// Where the service is.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);
const DOCUMENT: &str = "/latest/dynamic/instance-identity/document";
const RSA2048: &str = "/latest/dynamic/instance-identity/rsa2048";
const PRODUCT_CODES: &str = "/latest/meta-data/product-codes";

/// Asks the service at 169.254.169.254.
pub fn ask() -> Answer {
    ask_at(ADDRESS, LIMIT)
}

/// Asks the service at `address`, which has `limit` for everything.
fn ask_at(address: SocketAddr, limit: Duration) -> Answer {
    let service = Service { address, until: Instant::now() + limit };
    let token = match service.token() {
        Ok(token) => token,
        Err(why) => return Answer::None(why),
    };
    match service.document(&token) {
        Ok((document, bytes)) => Answer::Found {
            document,
            identity: Box::new(Identity {
                document: bytes,
                rsa2048: service.rsa2048(&token),
                fetched_at: Timestamp::now(),
            }),
            product_codes: service.product_codes(&token),
            token_required: service.token_required(),
        },
        Err(why) => Answer::None(why),
    }
}

struct Service {
    address: SocketAddr,
    until: Instant,
}

/// Status and body of an answer.
struct Response {
    status: u16,
    body: Vec<u8>,
}

impl Service {
    fn token(&self) -> Result<String, String> {
        let token = self.exchange("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n")?;
        if token.status != 200 {
            return Err(format!("the metadata service answered {} when asked for a token", token.status));
        }
        let token = String::from_utf8(token.body).ok().filter(|token| is_token(token));
        token.ok_or_else(|| "what answers at the metadata address gave no token".to_owned())
    }

    fn get(&self, path: &str, token: &str) -> Result<Response, String> {
        self.exchange("GET", path, &format!("X-aws-ec2-metadata-token: {token}\r\n"))
    }

    /// The document's fields and its bytes.
    fn document(&self, token: &str) -> Result<(BTreeMap<String, String>, Vec<u8>), String> {
        let document = self.get(DOCUMENT, token)?;
        if document.status != 200 {
            return Err(format!(
                "the metadata service answered {} when asked for the identity document",
                document.status
            ));
        }
        fields(&document.body)
            .map(|fields| (fields, document.body))
            .ok_or_else(|| "what answers at the metadata address gave no identity document".to_owned())
    }

    /// The document's signature with RSA-2048 (EC2 user guide, "Verify the instance identity document using the RSA-2048
    /// signature"): PKCS#7 in base64, broken into lines.
    fn rsa2048(&self, token: &str) -> Result<Vec<u8>, String> {
        let answer = self.get(RSA2048, token)?;
        if answer.status != 200 {
            return Err(format!(
                "the metadata service answered {} when asked for the identity document's signature",
                answer.status
            ));
        }
        let base64: Vec<u8> = answer.body.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let decoded = str::from_utf8(&base64).ok().and_then(|base64| Base64::decode_vec(base64).ok());
        decoded.filter(|pkcs7| !pkcs7.is_empty()).ok_or_else(|| {
            "the metadata service gave a signature of the identity document that is no base64".to_owned()
        })
    }

    /// One code a line; an instance without any has no such path.
    fn product_codes(&self, token: &str) -> Option<Vec<String>> {
        let answer = self.get(PRODUCT_CODES, token).ok()?;
        match answer.status {
            200 => Some(String::from_utf8_lossy(&answer.body).split_whitespace().map(str::to_owned).collect()),
            404 => Some(Vec::new()),
            _ => None,
        }
    }

    fn token_required(&self) -> Option<bool> {
        match self.exchange("GET", DOCUMENT, "").ok()?.status {
            401 => Some(true),
            200 => Some(false),
            _ => None,
        }
    }

    fn exchange(&self, method: &str, path: &str, headers: &str) -> Result<Response, String> {
        let mut stream = TcpStream::connect_timeout(&self.address, self.left()?).map_err(|error| self.why(&error))?;
        stream.set_write_timeout(Some(self.left()?)).map_err(|error| self.why(&error))?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n{headers}\r\n",
            self.address.ip()
        );
        stream.write_all(request.as_bytes()).map_err(|error| self.why(&error))?;

        let mut answer = Vec::new();
        let mut part = [0; 4096];
        loop {
            if let Some(response) = response(&answer, false) {
                return Ok(response);
            }
            if answer.len() > LONGEST {
                return Err("the metadata service's answer is too long".to_owned());
            }
            stream.set_read_timeout(Some(self.left()?)).map_err(|error| self.why(&error))?;
            match stream.read(&mut part) {
                Ok(0) => break,
                Ok(length) => answer.extend(part.iter().take(length)),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.why(&error)),
            }
        }
        response(&answer, true).ok_or_else(|| "what answers at the metadata address does not speak HTTP".to_owned())
    }

    fn left(&self) -> Result<Duration, String> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(late()) } else { Ok(left) }
    }

    fn why(&self, error: &std::io::Error) -> String {
        use std::io::ErrorKind::{TimedOut, WouldBlock};
        match error.kind() {
            TimedOut | WouldBlock => late(),
            _ => format!("no metadata service at {}: {error}", self.address.ip()),
        }
    }
}

fn late() -> String {
    "the metadata service did not answer within a second".to_owned()
}

/// The answer in `bytes`, once it is whole: after `Content-Length` bytes of body or, at the `end` of the stream,
/// whatever there is. The service never answers in chunks.
fn response(bytes: &[u8], end: bool) -> Option<Response> {
    let head_length = memchr::memmem::find(bytes, b"\r\n\r\n")?;
    let (head, body) = bytes.split_at_checked(head_length)?;
    let body = body.get(4..)?;
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    let body = match length {
        Some(length) => body.get(..length)?,
        None if end => body,
        None => return None,
    };
    Some(Response { status, body: body.to_vec() })
}

/// A token goes back into a header, so nothing that could end one may be in it.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.len() <= 1024 && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The fields of the identity document that are text, numbers or lists of texts.
fn fields(body: &[u8]) -> Option<BTreeMap<String, String>> {
    let serde_json::Value::Object(object) = serde_json::from_slice(body).ok()? else { return None };
    let fields = object.into_iter().filter_map(|(name, value)| match value {
        serde_json::Value::String(text) => Some((name, text)),
        serde_json::Value::Number(number) => Some((name, number.to_string())),
        serde_json::Value::Bool(flag) => Some((name, flag.to_string())),
        serde_json::Value::Array(items) => {
            let items: Vec<&str> = items.iter().filter_map(serde_json::Value::as_str).collect();
            Some((name, items.join(", ")))
        }
        _ => None,
    });
    Some(fields.collect())
}

#[cfg(test)]
mod tests;
