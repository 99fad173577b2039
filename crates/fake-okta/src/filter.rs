//! The SCIM-like expressions of `filter` and `search`.

use jiff::Timestamp;

use crate::refusal::Refusal;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    All,
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare { property: String, op: Op, value: String },
    Present(String),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Sw,
    Co,
    Gt,
    Ge,
    Lt,
    Le,
}

/// The value of a property of one object.
pub(crate) enum Field<'a> {
    Text(&'a str),
    /// Any of several.
    Texts(Vec<&'a str>),
    Time(Timestamp),
    Missing,
}

impl Field<'_> {
    /// What lists are sorted by; times sort as they are written.
    pub(crate) fn sort_key(&self) -> String {
        match self {
            Self::Text(text) => text.to_lowercase(),
            Self::Texts(texts) => texts.join(" ").to_lowercase(),
            Self::Time(time) => format!("{time:.3}"),
            Self::Missing => String::new(),
        }
    }
}

impl Filter {
    /// Parses an expression whose properties are all among `known` (a trailing `.` allows everything below).
    pub(crate) fn parse(text: &str, known: &[&str]) -> Result<Self, Refusal> {
        let mut words = Words { rest: text };
        let filter = words.either()?;
        if !words.rest.trim().is_empty() {
            return Err(Refusal::bad_criteria(format!("unexpected text: {}", words.rest.trim())));
        }
        filter.check(known)?;
        Ok(filter)
    }

    fn check(&self, known: &[&str]) -> Result<(), Refusal> {
        match self {
            Self::All => Ok(()),
            Self::And(one, two) | Self::Or(one, two) => one.check(known).and_then(|()| two.check(known)),
            Self::Not(one) => one.check(known),
            Self::Compare { property, .. } | Self::Present(property) => {
                let fits =
                    |name: &&str| *name == property || (name.ends_with('.') && property.starts_with(*name));
                if known.iter().any(fits) {
                    Ok(())
                } else {
                    Err(Refusal::bad_criteria(format!("Property '{property}' is not supported")))
                }
            }
        }
    }

    /// Whether an object fits; `field` gives its properties. Texts compare without regard to case, as Okta's do.
    pub(crate) fn fits<'a>(&self, field: &impl Fn(&str) -> Field<'a>) -> bool {
        match self {
            Self::All => true,
            Self::And(one, two) => one.fits(field) && two.fits(field),
            Self::Or(one, two) => one.fits(field) || two.fits(field),
            Self::Not(one) => !one.fits(field),
            Self::Present(property) => !matches!(field(property), Field::Missing),
            Self::Compare { property, op, value } => match field(property) {
                Field::Missing => false,
                Field::Text(text) => op.holds(&text.to_lowercase(), &value.to_lowercase()),
                Field::Texts(texts) => {
                    texts.iter().any(|text| op.holds(&text.to_lowercase(), &value.to_lowercase()))
                }
                Field::Time(time) => value.parse().is_ok_and(|value: Timestamp| op.orders(&time, &value)),
            },
        }
    }
}

impl Op {
    fn orders<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Sw | Self::Co => false,
        }
    }

    fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Sw => left.starts_with(right),
            Self::Co => left.contains(right),
            _ => self.orders(&left, &right),
        }
    }
}

struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    fn either(&mut self) -> Result<Filter, Refusal> {
        let mut left = self.both()?;
        while self.keyword("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, Refusal> {
        let mut left = self.single()?;
        while self.keyword("and") {
            left = Filter::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Filter, Refusal> {
        if self.keyword("not") {
            return Ok(Filter::Not(Box::new(self.single()?)));
        }
        self.rest = self.rest.trim_start();
        if let Some(inner) = self.rest.strip_prefix('(') {
            self.rest = inner;
            let filter = self.either()?;
            self.rest = self.rest.trim_start();
            self.rest = self.rest.strip_prefix(')').ok_or_else(|| Refusal::bad_criteria("missing )"))?;
            return Ok(filter);
        }
        let property = self.word().ok_or_else(|| Refusal::bad_criteria("missing property"))?.to_owned();
        let op = self.word().unwrap_or_default().to_lowercase();
        let op = match op.as_str() {
            "pr" => return Ok(Filter::Present(property)),
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "sw" => Op::Sw,
            "co" => Op::Co,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            other => return Err(Refusal::bad_criteria(format!("unknown operator: {other}"))),
        };
        Ok(Filter::Compare { property, op, value: self.value()? })
    }

    fn keyword(&mut self, word: &str) -> bool {
        let text = self.rest.trim_start();
        let Some((head, tail)) = text.split_at_checked(word.len()) else { return false };
        let ends = tail.starts_with(|c: char| c.is_whitespace() || c == '(');
        if head.eq_ignore_ascii_case(word) && ends {
            self.rest = tail;
            return true;
        }
        false
    }

    fn word(&mut self) -> Option<&'t str> {
        let text = self.rest.trim_start();
        let end = text.find(|c: char| c.is_whitespace() || c == '(' || c == ')').unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// A quoted text with `\"` and `\\`, or a bare word such as `true`.
    fn value(&mut self) -> Result<String, Refusal> {
        let text = self.rest.trim_start();
        let Some(quoted) = text.strip_prefix('"') else {
            return self.word().map(str::to_owned).ok_or_else(|| Refusal::bad_criteria("missing value"));
        };
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
                '"' => {
                    self.rest = quoted.get(at + 1..).unwrap_or_default();
                    return Ok(value);
                }
                _ => value.push(letter),
            }
        }
        Err(Refusal::bad_criteria("missing closing quote"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str) -> bool {
        let filter = Filter::parse(text, &["type", "profile.", "lastUpdated", "status"]).unwrap();
        filter.fits(&|property| match property {
            "type" => Field::Text("OKTA_GROUP"),
            "profile.name" => Field::Text("aws_1_Admin \"x\""),
            "lastUpdated" => Field::Time("2025-01-02T00:00:00Z".parse().unwrap()),
            _ => Field::Missing,
        })
    }

    #[test]
    fn expressions_hold() {
        for text in [
            r#"type eq "OKTA_GROUP""#,
            r#"profile.name sw "AWS_""#,
            r#"profile.name eq "aws_1_Admin \"x\"""#,
            r#"type eq "x" or (type eq "OKTA_GROUP" and profile.name co "admin")"#,
            r#"lastUpdated gt "2025-01-01T00:00:00.000Z" and not (status pr)"#,
            r#"type pr"#,
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [r#"type eq "APP_GROUP""#, r#"lastUpdated lt "2025-01-01T00:00:00Z""#, "status pr"] {
            assert!(!fits(text), "{text}");
        }
    }

    #[test]
    fn broken_expressions_are_refused() {
        for text in [
            "",
            "type",
            r#"type like "x""#,
            r#"type eq "x"#,
            r#"(type eq "x""#,
            r#"color eq "x""#,
            "type pr x",
        ] {
            assert_eq!(Filter::parse(text, &["type"]).unwrap_err().code, "E0000031", "{text}");
        }
    }
}
