//! Faults as text: `status=500,path=/api/v1/groups,page=2,count=1`, or a YAML or JSON list.

use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::Fault;

/// A fault rule that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault rule `{rule}`: {reason}; write for example `status=500,path=/api/v1/groups,page=2,count=1`")]
pub struct FaultTextError {
    /// The rule as given.
    pub rule: String,
    /// What is wrong with it.
    pub reason: String,
}

impl FromStr for Fault {
    type Err = FaultTextError;

    fn from_str(rule: &str) -> Result<Self, FaultTextError> {
        let pairs = rule.split(',').map(str::trim).filter(|part| !part.is_empty());
        Self::of_pairs(pairs.map(|part| part.split_once('=').unwrap_or((part, ""))))
            .map_err(|reason| FaultTextError { rule: rule.to_owned(), reason })
    }
}

impl Fault {
    /// Reads a YAML (or JSON) list of rules; each is a compact text or a map of the same words:
    ///
    /// ```
    /// use rolebook_fake_okta::Fault;
    ///
    /// let faults = Fault::list("- status=503,path=/api/v1/apps,count=2\n- {path: /api/v1/groups, page: 3, cut: true}\n")?;
    /// assert_eq!(faults[1], Fault::on("/api/v1/groups").page(3).cut());
    /// # Ok::<(), rolebook_fake_okta::FaultTextError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FaultTextError`] names the rule, or the place in the file.
    pub fn list(yaml: &str) -> Result<Vec<Self>, FaultTextError> {
        let unreadable = |error: serde_saphyr::Error| FaultTextError {
            rule: yaml.lines().next().unwrap_or_default().to_owned(),
            reason: error.to_string(),
        };
        let rules: Vec<Value> = serde_saphyr::from_str(yaml).map_err(unreadable)?;
        rules.iter().map(Self::of_value).collect()
    }

    fn of_value(rule: &Value) -> Result<Self, FaultTextError> {
        let Value::Object(map) = rule else {
            return rule.as_str().unwrap_or_default().parse();
        };
        let words: Vec<(&str, String)> = map
            .iter()
            .filter(|(_, value)| **value != Value::Bool(false))
            .map(|(key, value)| match value {
                Value::String(text) => (key.as_str(), text.clone()),
                Value::Bool(true) => (key.as_str(), String::new()),
                other => (key.as_str(), other.to_string()),
            })
            .collect();
        Self::of_pairs(words.iter().map(|(key, value)| (*key, value.as_str())))
            .map_err(|reason| FaultTextError { rule: rule.to_string(), reason })
    }

    fn of_pairs<'t>(pairs: impl Iterator<Item = (&'t str, &'t str)>) -> Result<Self, String> {
        let mut fault = Self::everywhere();
        for (word, value) in pairs {
            fault = fault.word(word, value)?;
        }
        if fault.effects.is_empty() {
            return Err("it does nothing".to_owned());
        }
        Ok(fault)
    }

    fn word(self, word: &str, value: &str) -> Result<Self, String> {
        Ok(match word {
            "path" => Self { path: Some(value.to_owned()), ..self },
            "method" => self.method(value),
            "token" => self.token(value),
            "page" => self.page(number(word, value)?),
            "skip" => self.skip(number(word, value)?),
            "count" => self.count(number(word, value)?),
            "chance" => self.chance(number(word, value)?),
            "status" => self.status(number(word, value)?),
            "code" => self.code(value),
            "done" => self.done(),
            "gone" => self.gone(),
            "feature-off" => self.feature_off(),
            "html" => self.html(),
            "null" => self.body("null"),
            "empty" => self.body(""),
            "body" => self.body(value),
            "content-type" => self.content_type(value),
            "latency" => self.latency(duration(value)?),
            "cut" => self.cut(),
            "drop" => self.drop_connection(),
            "truncated-gzip" => self.truncated_gzip(),
            "next" if value == "repeat" => self.next_repeats(),
            "next" if value == "endless" => self.next_endless(),
            "next" if value.starts_with("http") => self.next_foreign(value),
            "next" => return Err(format!("`next={value}` is none of repeat, endless, http…")),
            "overlap" => self.overlap(number(word, value)?),
            "duplicate" => self.duplicate(),
            "empty-last-page" => self.empty_last_page(),
            "skew" => self.skew(number(word, value)?),
            "no-date" => self.no_date(),
            "no-rate-headers" => self.no_rate_headers(),
            "reset" => self.reset(number(word, value)?),
            unknown => return Err(format!("`{unknown}` is no word of a rule")),
        })
    }
}

fn number<N: FromStr>(word: &str, value: &str) -> Result<N, String> {
    value.parse().map_err(|_| format!("`{word}={value}` needs a number"))
}

/// `250ms`, `2s`, or seconds without a unit.
fn duration(value: &str) -> Result<Duration, String> {
    match value.strip_suffix("ms") {
        Some(millis) => number("latency", millis).map(Duration::from_millis),
        None => number("latency", value.strip_suffix('s').unwrap_or(value)).map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_as_its_method() {
        let table = [
            (
                "status=503,code=E0000010,method=PUT",
                Fault::everywhere().status(503).code("E0000010").method("PUT"),
            ),
            ("gone, path=/api/v1/groups/*/users", Fault::on("/api/v1/groups/*/users").gone()),
            ("feature-off,token=super", Fault::everywhere().token("super").feature_off()),
            ("html,skip=2", Fault::everywhere().skip(2).html()),
            ("null", Fault::everywhere().body("null")),
            ("empty,chance=10", Fault::everywhere().chance(10).body("")),
            ("content-type=text/plain", Fault::everywhere().content_type("text/plain")),
            ("latency=250ms", Fault::everywhere().latency(Duration::from_millis(250))),
            ("latency=2s", Fault::everywhere().latency(Duration::from_secs(2))),
            ("cut", Fault::everywhere().cut()),
            ("drop,done", Fault::everywhere().drop_connection().done()),
            ("truncated-gzip", Fault::everywhere().truncated_gzip()),
            ("next=repeat", Fault::everywhere().next_repeats()),
            ("next=endless", Fault::everywhere().next_endless()),
            ("next=https://evil.test", Fault::everywhere().next_foreign("https://evil.test")),
            ("overlap=3,page=1", Fault::everywhere().page(1).overlap(3)),
            ("duplicate,page=1", Fault::everywhere().page(1).duplicate()),
            ("empty-last-page", Fault::everywhere().empty_last_page()),
            ("skew=-300", Fault::everywhere().skew(-300)),
            ("no-date,no-rate-headers", Fault::everywhere().no_date().no_rate_headers()),
            ("status=429,reset=5", Fault::everywhere().rate_limited().reset(5)),
        ];
        for (text, fault) in table {
            assert_eq!(text.parse(), Ok(fault), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, reason) in [
            ("path=/x", "it does nothing"),
            ("statos=500", "`statos` is no word of a rule"),
            ("status=many", "`status=many` needs a number"),
            ("next=nowhere", "`next=nowhere` is none of repeat, endless, http…"),
        ] {
            let error = text.parse::<Fault>().unwrap_err();
            assert_eq!((error.rule.as_str(), error.reason.as_str()), (text, reason));
        }
        assert!(Fault::list("- [").is_err());
    }

    #[test]
    fn a_list_may_be_json() {
        let faults =
            Fault::list(r#"["cut,page=2", {"status": 500, "count": 1, "done": true, "html": false}]"#)
                .unwrap();
        let expected = [Fault::everywhere().page(2).cut(), Fault::everywhere().count(1)];
        assert_eq!(faults[0], expected[0]);
        assert!(faults[1].count == Some(1) && faults[1].effects.len() == 2);
    }
}
