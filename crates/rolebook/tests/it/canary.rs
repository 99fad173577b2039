//! No secret in any output of any command at any log level, nor in any file.

use rolebook_fake_okta::{App, AppUser, Org, User};

use crate::shell::Shell;

#[test]
fn no_secret_leaves_by_any_command() {
    let app = App::aws("0oaAWS")
        .setting("accessKey", "AKIACANARY000")
        .setting("secretKey", "canary-secret")
        .user(AppUser::direct("00uA").saml_roles(["Admin"]));
    let shell = Shell::of(Org::new("acme").user(User::new("ann@acme.test").id("00uA")).app(app));
    let token = shell.fake.token("read_only");
    let secrets = [token.as_str(), "AKIACANARY000", "canary-secret"];
    for level in ["error", "warn", "info", "debug", "trace"] {
        for command in [vec!["check"], vec!["check", "-o", "json"], vec!["sync"], vec!["sync", "-o", "json"]]
        {
            let told = shell.okta(&[&["--log-level", level], &command[..]].concat());
            assert_eq!(told.code, 0, "{}", told.err);
            for secret in secrets {
                assert!(
                    !told.out.contains(secret) && !told.err.contains(secret),
                    "{level} {command:?}: {secret}"
                );
            }
        }
    }
    for subject in ["apps", "users", "roles", "grants"] {
        let told = shell.run(&["show", subject, "-o", "json", "--log-level", "trace"]);
        assert!(
            secrets.iter().all(|secret| !told.out.contains(secret) && !told.err.contains(secret)),
            "{subject}"
        );
    }
    let file = std::fs::read(shell.path("sync.c1z")).unwrap();
    let database = zstd::stream::decode_all(&file[5..]).unwrap();
    for secret in secrets {
        assert!(
            !database.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()),
            "{secret} is in the file"
        );
    }
}
