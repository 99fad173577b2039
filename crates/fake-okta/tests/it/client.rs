//! A client as plain as can be: it shows what really came over the wire.

use rolebook_fake_okta::{FakeOkta, Options, Org};
use serde_json::Value;

/// A fake and a token to ask it with.
pub(crate) struct Client {
    pub(crate) fake: FakeOkta,
    http: reqwest::Client,
    authorization: Option<String>,
}

pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(org: Org) -> Self {
        Self::with(org, Options::default())
    }

    pub(crate) fn with(org: Org, options: Options) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let fake = FakeOkta::start(org, options).unwrap();
        let ca = fake.ca_pem().map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
        let http = reqwest::Client::builder().no_proxy().tls_certs_only(ca);
        let authorization = Some(format!("SSWS {}", fake.token("super")));
        Self { http: http.build().unwrap(), fake, authorization }
    }

    /// The same fake, asked with another token.
    pub(crate) fn token(mut self, name: &str) -> Self {
        self.authorization = Some(format!("SSWS {}", self.fake.token(name)));
        self
    }

    pub(crate) fn authorization(mut self, header: Option<&str>) -> Self {
        self.authorization = header.map(str::to_owned);
        self
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Got {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.fake.url()) };
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(header) = &self.authorization {
            request = request.header("authorization", header);
        }
        match body {
            Some(body) => request = request.header("content-type", "application/json").body(body.to_string()),
            None if method != "GET" => request = request.header("content-length", "0"),
            None => {}
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        Got { status, headers, text: response.text().await.unwrap() }
    }

    /// Sends a body of any type with headers of its own.
    pub(crate) async fn send_text(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Got {
        let url = format!("{}{path}", self.fake.url());
        let mut request = self.http.request(method.parse().unwrap(), url).body(body.to_owned());
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send("GET", path, None).await
    }

    /// The JSON of a successful GET.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let got = self.get(path).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text);
        got.json()
    }

    /// Sizes of all pages from `path` on, following `next`; nothing but the sizes is kept, so that big pages are cheap.
    pub(crate) async fn page_sizes(&self, path: &str) -> Vec<usize> {
        let size = |got: &Got| serde_json::from_str::<Vec<serde::de::IgnoredAny>>(&got.text).unwrap().len();
        self.walk(path).await.iter().map(size).collect()
    }

    /// All pages from `path` on, following `next`.
    pub(crate) async fn pages(&self, path: &str) -> Vec<Vec<Value>> {
        self.walk(path).await.iter().map(|got| got.json().as_array().unwrap().clone()).collect()
    }

    async fn walk(&self, path: &str) -> Vec<Got> {
        let mut pages = Vec::new();
        let mut url = path.to_owned();
        loop {
            let got = self.get(&url).await;
            assert_eq!(got.status, 200, "{url}: {}", got.text);
            let next = got.next();
            pages.push(got);
            match next {
                Some(next) => url = next,
                None => return pages,
            }
        }
    }
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["errorCode"].as_str().unwrap().to_owned()
    }

    fn link(&self, rel: &str) -> Option<String> {
        let end = format!(">; rel=\"{rel}\"");
        let values = self.headers.get_all("link").iter().map(|value| value.to_str().unwrap());
        let found = values.filter_map(|value| value.strip_suffix(end.as_str())).next();
        found.map(|value| value.strip_prefix('<').unwrap().to_owned())
    }

    pub(crate) fn next(&self) -> Option<String> {
        self.link("next")
    }

    pub(crate) fn self_link(&self) -> Option<String> {
        self.link("self")
    }
}
