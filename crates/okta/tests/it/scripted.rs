//! A server that answers exactly the bytes it is told, broken ones included.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query, untouched.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What to do with a request.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Send these bytes and close.
    Bytes(Vec<u8>),
    /// Close without a word.
    Close,
    /// Say nothing, for as long as the client stays.
    Silence,
}

/// An answer under construction.
#[derive(Debug, Clone)]
pub(crate) struct Say {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// A `Content-Length` that is not the body's.
    claimed: Option<usize>,
}

pub(crate) fn say(status: u16, body: impl AsRef<[u8]>) -> Say {
    Say { status, headers: Vec::new(), body: body.as_ref().to_vec(), claimed: None }
        .header("content-type", "application/json")
        .header("x-okta-request-id", "Yreq1")
}

/// An error as Okta words it.
pub(crate) fn refuse(status: u16, code: &str) -> Say {
    say(
        status,
        format!(r#"{{"errorCode":"{code}","errorSummary":"said so","errorId":"oae1","errorCauses":[]}}"#),
    )
}

impl Say {
    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Takes a header back.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self
    }

    pub(crate) fn claims(mut self, length: usize) -> Self {
        self.claimed = Some(length);
        self
    }

    /// Only the first half of the body, with an end that looks right.
    pub(crate) fn cut(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// Rate headers: `reset` seconds after a fixed `Date`.
    pub(crate) fn rate(self, limit: u32, remaining: u32, reset: i64) -> Self {
        self.header("date", "Fri, 15 Jan 2027 08:00:00 GMT")
            .header("x-rate-limit-limit", limit)
            .header("x-rate-limit-remaining", remaining)
            .header("x-rate-limit-reset", 1_800_000_000 + reset)
    }
}

impl From<Say> for Step {
    fn from(say: Say) -> Self {
        let mut bytes = format!("HTTP/1.1 {} x\r\n", say.status).into_bytes();
        for (name, value) in &say.headers {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        let length = say.claimed.unwrap_or(say.body.len());
        bytes.extend(format!("content-length: {length}\r\nconnection: close\r\n\r\n").into_bytes());
        bytes.extend(say.body);
        Step::Bytes(bytes)
    }
}

/// The running server; it ends when dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    accept: JoinHandle<()>,
}

impl Server {
    /// Answers each request with what `script` says to its number, from 0, and its content.
    pub(crate) async fn start(script: impl Fn(usize, &Seen) -> Step + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(script);
        let accept = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&script)));
                }
            }
        });
        Self { url, seen, accept }
    }

    /// Answers one after the other; the last one again and again.
    pub(crate) async fn in_order<S: Into<Step>>(steps: impl IntoIterator<Item = S>) -> Self {
        let steps: Vec<Step> = steps.into_iter().map(Into::into).collect();
        Self::start(move |number, _| steps[number.min(steps.len() - 1)].clone()).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.target).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Seen>>>,
    script: Arc<impl Fn(usize, &Seen) -> Step + Send + Sync + 'static>,
) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(read) if read > 0 => {}
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.split("\r\n");
    let mut request = lines.next().unwrap().split(' ');
    let seen = Seen {
        method: request.next().unwrap().to_owned(),
        target: request.next().unwrap().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
    };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(seen.clone());
        log.len() - 1
    };
    match script(number, &seen) {
        Step::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Step::Close => {}
        Step::Silence => {
            let mut rest = [0; 64];
            while matches!(stream.read(&mut rest).await, Ok(read) if read > 0) {}
        }
    }
}
