//! Transport: connections, HTTP/1.1, and the ways in which a delivery can break.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::world::{Breakage, Reply, Request, World};

/// Bodies above this are cut off; no write to Okta is that long.
const LARGEST_BODY: usize = 4 << 20;

/// Bodies below this are not worth compressing.
const SMALLEST_GZIP: usize = 1024;

type Body = UnsyncBoxBody<Bytes, io::Error>;
type Response = hyper::Response<Body>;

/// Takes connections for as long as it is polled.
pub(crate) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, world: Arc<World>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles: they come back when connections end.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (tls, world) = (tls.clone(), Arc::clone(&world));
        tokio::spawn(async move {
            match tls {
                None => connection(stream, world).await,
                // A failed handshake is the client's to notice.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, world).await;
                    }
                }
            }
        });
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, world: Arc<World>) {
    let service = service_fn(|request| serve(Arc::clone(&world), request));
    // The date is the fake's own, or none at all. An error here is a connection that ended, often by our own fault.
    let http = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service);
    let _ = http.await;
}

/// Counts a request as being served for as long as it lives.
struct InFlight(Arc<World>);

impl InFlight {
    fn enter(world: &Arc<World>) -> Self {
        world.state().in_flight += 1;
        Self(Arc::clone(world))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}

async fn serve(world: Arc<World>, request: hyper::Request<Incoming>) -> Result<Response, io::Error> {
    let _in_flight = InFlight::enter(&world);
    let (head, body) = request.into_parts();
    let proofs = head.headers.get_all("dpop").iter();
    let lengths = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    let sized = lengths.iter().any(|name| head.headers.contains_key(name));
    let body =
        Limited::new(body, LARGEST_BODY).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let header = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let takes_gzip = header(header::ACCEPT_ENCODING).is_some_and(|taken| taken.contains("gzip"));
    let reply = world.reply(&Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header(header::AUTHORIZATION).map(str::to_owned),
        proofs: proofs.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect(),
        sized,
        body: body.to_vec(),
    });
    if !reply.latency.is_zero() {
        tokio::time::sleep(reply.latency).await;
    }
    if reply.breakage == Breakage::Drop {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    Ok(response(reply, takes_gzip))
}

fn response(reply: Reply, takes_gzip: bool) -> Response {
    let mut headers = headers(&reply);
    let body = reply.answer.body;
    let truncated = reply.breakage == Breakage::TruncatedGzip;
    let gzip = truncated || (reply.gzip && takes_gzip && body.len() >= SMALLEST_GZIP);
    let mut bytes = Bytes::from(if gzip { compressed(&body) } else { body });
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if truncated {
        bytes.truncate(bytes.len() / 2);
    }
    let body = if reply.breakage == Breakage::CutBody {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        cut(bytes)
    } else {
        Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync()
    };
    let mut response = Response::new(body);
    *response.status_mut() = hyper::StatusCode::from_u16(reply.answer.status).unwrap_or_default();
    *response.headers_mut() = headers;
    response
}

fn headers(reply: &Reply) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    };
    if let Some(date) = reply.date {
        put("date", &date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    put("x-okta-request-id", &reply.request_id);
    put("cache-control", "no-cache, no-store");
    put("expires", "0");
    if !reply.content_type.is_empty() {
        put("content-type", &reply.content_type);
    }
    if let Some(rate) = reply.rate {
        put("x-rate-limit-limit", &rate.limit.to_string());
        put("x-rate-limit-remaining", &rate.remaining.to_string());
        put("x-rate-limit-reset", &rate.reset.to_string());
    }
    for link in &reply.answer.links {
        put("link", link);
    }
    for (name, value) in &reply.answer.headers {
        put(name, value);
    }
    headers
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

/// The first half of a body, and then a broken connection.
fn cut(mut bytes: Bytes) -> Body {
    let first = bytes.split_to(bytes.len() / 2);
    let frames = futures_util::stream::unfold(Some(first), |first| async move {
        if let Some(first) = first {
            return Some((Ok(Frame::data(first)), None));
        }
        // The first half must have left before the connection breaks.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Err(io::ErrorKind::ConnectionReset.into()), None))
    });
    StreamBody::new(frames).boxed_unsync()
}
