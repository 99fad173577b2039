//! Secrets never leave: not into the file, not into a text.

use rolebook_fake_okta::AppUser;

use crate::run::{Run, direct, people};

#[test]
fn x16_neither_token_nor_the_app_s_credentials_are_anywhere() {
    let app = direct()
        .setting("accessKey", "AKIACANARY000")
        .setting("secretKey", "canary-secret")
        .setting("secretKeyEnc", "canary-encrypted")
        .user(AppUser::direct("00uA").saml_roles(["Admin"]));
    let run = Run::of(people().app(app)).plain();
    let token = run.fake.token("read_only");
    let done = run.done();
    let file = std::fs::read(&run.sync.file).unwrap();
    // five bytes of magic, then one zstd frame
    let database = zstd::stream::decode_all(&file[5..]).unwrap();
    let told = format!("{:?} {:?}", done.summary, done.facts);
    for secret in [token.as_str(), "AKIACANARY000", "canary-secret", "canary-encrypted"] {
        assert!(!told.contains(secret), "{secret}");
        assert!(!database.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret}");
    }
}
