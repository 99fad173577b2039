//! What differs from run to run, replaced by words.

use std::sync::LazyLock;

use regex::Regex;

static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r"port \d+ answers", "port [port] answers"),
        (r"As of [-0-9]{10} [:0-9]{8}Z \([^)]* ago\)", "As of [time] ([age] ago)"),
        (r"Since [-0-9]{10} [:0-9]{8}Z", "Since [time]"),
        (r"since [-0-9]{10} at", "since [date] at"),
        (r"[Ss]napshot \(?[0-9A-Za-z]{27}", "snapshot [sync id]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
        (r"Time {7}\d+\.\d s", "Time       [seconds] s"),
        (r"\(\d+ kB, sync [0-9A-Za-z]{27}\)", "([size] kB, sync [sync id])"),
        (r"now sync [0-9A-Za-z]{27}", "now sync [sync id]"),
        (r#""sync_id": "[0-9A-Za-z]{27}""#, r#""sync_id": "[sync id]""#),
        (r#""bytes": \d+"#, r#""bytes": [size]"#),
        (r"\(request [^)]+\)", "(request [id])"),
        (r"\b[0-9A-Za-z]{27}\b", "[sync id]"),
        (r"(?:/[^\s:]*)?/\.tmp[0-9A-Za-z]{6}", "[folder]"),
    ]
    .into_iter()
    .map(|(pattern, words)| (Regex::new(pattern).unwrap(), words))
    .collect()
});

pub(crate) fn redacted(text: &str) -> String {
    RULES.iter().fold(text.to_owned(), |text, (rule, words)| rule.replace_all(&text, *words).into_owned())
}
