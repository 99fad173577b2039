//! No secret leaves through any door: not by words, not by logs, not by files.

use rolebook_fake_okta::{App, Fault};

use super::{
    contents::{contents, holds},
    orgs,
    place::{End, Place, okta},
};

const ACCESS_KEY: &str = "AKIACANARYCANARY0001";
const SECRET_KEY: &str = "canarySecretKey/Zq8rJ5xW2v";
const OTHER_TOKEN: &str = "00canaryWrongToken_7hYt3";

struct Watch {
    place: Place,
    secrets: Vec<String>,
}

impl Watch {
    #[track_caller]
    fn check(&self, end: &End) {
        for secret in &self.secrets {
            assert!(!end.out.contains(secret) && !end.err.contains(secret), "{secret} in {end:#?}");
        }
        self.files();
    }

    /// Every file, and what is inside the sealed ones.
    #[track_caller]
    fn files(&self) {
        for name in self.place.files() {
            let path = self.place.path(&name);
            let mut bytes = std::fs::read(&path).unwrap();
            if bytes.starts_with(b"C1ZF\0") {
                bytes.extend(contents(&path));
            }
            for secret in &self.secrets {
                // As text, and as a database of 16-bit characters would keep it.
                let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
                for form in [secret.as_bytes(), &wide] {
                    assert!(!holds(&bytes, form), "{secret} in {name}");
                }
            }
        }
    }
}

fn keys(app: App) -> App {
    app.setting("accessKey", ACCESS_KEY).setting("secretKey", SECRET_KEY).setting("secretKeyEnc", SECRET_KEY)
}

#[test]
fn nothing_tells_a_secret() {
    for (org, app) in [(orgs::small(), App::aws_mapping("0oaKeys")), (orgs::direct(), App::aws("0oaKeys"))] {
        let fake = okta(org.app(keys(app)));
        let secrets = ["super", "read_only", "group_admin"].map(|name| fake.token(name)).to_vec();
        let secrets = [secrets, vec![ACCESS_KEY.into(), SECRET_KEY.into(), OTHER_TOKEN.into()]].concat();
        let watch = Watch { place: Place::new(), secrets };
        let place = &watch.place;
        for token in ["super", "read_only", "group_admin"] {
            for command in ["check", "sync"] {
                for rest in ["", "-o json", "--profile-attributes all", "--aws-okta-app-id 0oaNobody"] {
                    for app in ["--aws-okta-app-id 0oaKeys", ""] {
                        let arguments = format!("{command} --log-level trace {app} {rest}");
                        let end = place.connected(&fake, token, &arguments).end();
                        assert!(end.code.is_some_and(|code| code <= 4), "{arguments}: {end:#?}");
                        watch.check(&end);
                    }
                }
            }
        }
        for what in ["accounts", "roles", "groups", "users", "apps", "grants"] {
            for format in ["table", "json", "csv"] {
                let end = place.run(&format!("show {what} -o {format} --log-level trace")).succeeded();
                watch.check(&end);
            }
        }
    }
}

/// The search would find a secret: it finds what a snapshot may hold, and the keys are in the app that was read.
#[test]
fn the_search_finds_what_is_there() {
    let place = Place::new();
    place.synced(&okta(orgs::small()), "super");
    let inside = contents(&place.path("sync.c1z"));
    for text in ["ann@acme.test", "aws_111122223333_Admin", "Kitchen"] {
        assert!(holds(&inside, text.as_bytes()), "{text}");
    }
    assert!(!holds(&std::fs::read(place.path("sync.c1z")).unwrap(), b"ann@acme.test"));
    let fake = okta(orgs::small().app(keys(App::aws_mapping("0oaKeys"))));
    let seen = fake.with_org(|org| org.to_yaml().unwrap());
    assert!(seen.contains(ACCESS_KEY) && seen.contains(SECRET_KEY));
}

#[test]
fn failures_tell_no_secret() {
    let fake = okta(orgs::small());
    let token = fake.token("super");
    let watch = Watch { place: Place::new(), secrets: vec![token.clone(), OTHER_TOKEN.into()] };
    let place = &watch.place;
    let call = |arguments: &str| place.call(&format!("{arguments} --log-level trace"));
    let at_fake = |arguments: &str| call(arguments).arg("--allow-loopback").arg("--domain").arg(fake.url());

    watch.check(&at_fake("check").env("ROLEBOOK_API_TOKEN", OTHER_TOKEN).end().failed(4));
    watch.check(&at_fake("sync --api-token-file -").stdin(OTHER_TOKEN).end().failed(4));
    // A second line is no token, and neither line is told.
    watch.check(&at_fake("sync --api-token-file -").stdin(format!("{OTHER_TOKEN}\n{token}")).end().failed(2));
    watch
        .check(&call("sync --domain http://acme.okta.com").env("ROLEBOOK_API_TOKEN", &token).end().failed(2));
    watch.check(&call(&format!("sync --api-token {token}")).end().failed(2));
    watch.check(&call(&format!("sync --api-token={token}")).end().failed(2));
    watch.check(&call("show roles").env("ROLEBOOK_API_TOKEN", &token).end().failed(3));
    watch.check(&call("show roles").env("ROLEBOOK_TOKEN", &token).end().failed(3));
    for fault in [
        Fault::everywhere().status(500),
        Fault::on("/api/v1/groups").html(),
        Fault::on("/api/v1/groups").body(format!("{{\"echo\":\"SSWS {token}\"}}")),
        Fault::on("/api/v1/apps/*/users").next_foreign("https://evil.test"),
        Fault::on("/api/v1/groups/**").status(403),
        Fault::on("/api/v1/org").cut(),
    ] {
        fake.add_fault(fault.clone().count(3));
        let end = at_fake("sync").env("ROLEBOOK_API_TOKEN", &token).end();
        fake.clear_faults();
        watch.check(&end);
    }
}

#[test]
fn demo_tells_no_token() {
    // The demo's fake makes its tokens by a fixed rule, so another one has the same.
    let fake = okta(rolebook_fake_okta::orgs::demo());
    let secrets = ["super", "read_only"].map(|name| fake.token(name)).to_vec();
    let watch = Watch { place: Place::new(), secrets };
    watch.check(&watch.place.run("demo --log-level trace").succeeded());
}
