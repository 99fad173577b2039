//! Predicted and real assertions.

use std::io;

use rolebook_insight::{AssertionCheck, Prediction, Predictions};

use super::{Node, Page, Tone, toned};
use crate::output::{Cell, Rows, visible};

pub(crate) fn predict_text(predictions: &Predictions, page: &mut Page) -> io::Result<()> {
    for (at, prediction) in predictions.predictions.iter().enumerate() {
        if at > 0 {
            page.line("")?;
        }
        page.tree(&predicted(predictions.person.label(), prediction))?;
    }
    Ok(())
}

fn predicted(person: &str, prediction: &Prediction) -> Node {
    let title = format!("Okta would send for {person} through app {}", prediction.app.id);
    let mut tree = Node::new(toned(Tone::Strong, &visible(&title)));
    if let Some(stop) = &prediction.stopped_by {
        tree.push(Node::new(format!("{}: {}", toned(Tone::Bad, "nothing"), visible(&stop.text))));
        return tree;
    }
    let mut roles = Node::new(format!("Role, {} values", prediction.roles.len()));
    for role in &prediction.roles {
        roles.push(Node::new(match &role.value {
            Some(value) => pair(value),
            None => visible(&format!("{} (account or provider not known)", role.role.key())),
        }));
    }
    tree.push(roles);
    let session = prediction.session_name.as_deref().unwrap_or("not read");
    tree.push(Node::new(visible(&format!("RoleSessionName: {session}"))));
    tree.push(Node::new(format!("SessionDuration: {}", prediction.session_seconds)));
    tree.push(Node::new(visible(&format!("Recipient: {}", prediction.recipient))));
    tree.push(Node::new(visible(&format!("Audience: {}", prediction.audience))));
    tree.push(Node::new(format!(
        "about {} characters, of which AWS takes at most 100000",
        prediction.estimated_characters
    )));
    for warning in &prediction.warnings {
        tree.push(Node::new(format!("{}: {}", toned(Tone::Bad, "warning"), visible(warning))));
    }
    tree
}

/// An ARN alone fits a line; the pair does not.
fn pair(value: &str) -> String {
    visible(value).replace(",arn:", ",\narn:")
}

pub(crate) fn predict_rows(predictions: &Predictions) -> Rows {
    let rows = predictions.predictions.iter().flat_map(|prediction| {
        prediction.roles.iter().map(|role| {
            vec![
                Cell::from(predictions.person.login.as_deref()),
                predictions.person.id.as_str().into(),
                prediction.app.id.as_str().into(),
                role.role.account.id.as_str().into(),
                role.role.role.as_str().into(),
                role.value.as_deref().into(),
                prediction.session_name.as_deref().into(),
                (prediction.session_seconds as usize).into(),
            ]
        })
    });
    Rows {
        columns: vec![
            "login",
            "user_id",
            "app",
            "account",
            "role",
            "value",
            "session_name",
            "session_seconds",
        ],
        rows: rows.collect(),
    }
}

pub(crate) fn check_text(check: &AssertionCheck, page: &mut Page) -> io::Result<()> {
    let person = visible(check.person.label());
    let signed = if check.response.signed { "signed (not verified)" } else { "not signed" };
    let sum = if check.differences.is_empty() {
        toned(Tone::Good, "agrees with the prediction")
    } else {
        let count = check.differences.len();
        toned(Tone::Bad, &format!("differs in {count} {}", if count == 1 { "point" } else { "points" }))
    };
    let mut tree = Node::new(format!("the response for {person} {sum}"));
    tree.push(Node::new(format!(
        "{} of {} predicted roles agree; {signed}, {} characters",
        check.agreeing_roles,
        check.prediction.roles.len(),
        check.response.characters
    )));
    if let Some(issuer) = &check.response.issuer {
        tree.push(Node::new(visible(&format!("issuer {issuer}"))));
    }
    for difference in &check.differences {
        let mut node =
            Node::new(format!("{}: {}", toned(Tone::Bad, &difference.kind), visible(&difference.cause)));
        for (word, value) in [("predicted", &difference.predicted), ("found", &difference.found)] {
            if let Some(value) = value {
                node.push(Node::new(format!("{word} {}", pair(value))));
            }
        }
        tree.push(node);
    }
    if let Some(choice) = &check.agreeing_choice {
        tree.push(Node::new(format!(
            "with {} the roles agree: sync with --assume {choice}",
            toned(Tone::Strong, choice)
        )));
    }
    page.tree(&tree)
}

pub(crate) fn check_rows(check: &AssertionCheck) -> Rows {
    let rows = check.differences.iter().map(|difference| {
        vec![
            Cell::from(difference.kind.as_str()),
            difference.predicted.as_deref().into(),
            difference.found.as_deref().into(),
            difference.cause.as_str().into(),
            check.agreeing_choice.as_deref().into(),
        ]
    });
    Rows { columns: vec!["kind", "predicted", "found", "cause", "agreeing_choice"], rows: rows.collect() }
}
