//! Findings, worst first.

use std::{collections::BTreeMap, io};

use rolebook_insight::{Finding, Findings, Severity};

use super::{Node, Page, Tone, complete_cells, toned};
use crate::output::{Cell, Rows, visible};

pub(crate) fn text(found: &Findings, page: &mut Page) -> io::Result<()> {
    let open = found.findings.iter().filter(|finding| finding.accepted.is_none()).count();
    let accepted = found.findings.len() - open;
    let mut sum = match open {
        0 if !found.completeness.complete => "No findings in what was read".to_owned(),
        0 => "No findings".to_owned(),
        1 => "1 finding".to_owned(),
        several => format!("{several} findings"),
    };
    if accepted > 0 {
        sum.push_str(&format!(", {accepted} accepted"));
    }
    if let Some(known) = found.known_before {
        sum.push_str(&format!(", {known} known before"));
    }
    page.line(&toned(Tone::Strong, &sum))?;
    if let Some(gap) = found.completeness.gap() {
        page.paragraph(&visible(&format!("There may be more: {gap}.")), 2)?;
    }
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let of: Vec<&Finding> = found.findings.iter().filter(|f| f.severity == severity).collect();
        if of.is_empty() {
            continue;
        }
        let tone = if severity >= Severity::High { Tone::Bad } else { Tone::Strong };
        let mut tree = Node::new(format!("{} ({})", toned(tone, severity.as_str()), of.len()));
        for finding in of {
            tree.push(node(finding));
        }
        page.line("")?;
        page.tree(&tree)?;
    }
    let mut off: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in &found.rules {
        if let Some(why) = &rule.why {
            off.entry(why).or_default().push(&rule.rule);
        }
    }
    if !off.is_empty() {
        page.line("")?;
        let mut tree = Node::new(toned(Tone::Strong, "Rules skipped or only partly evaluated"));
        for (why, mut rules) in off {
            rules.dedup();
            tree.push(Node::new(visible(&format!("{}: {why}", rules.join(", ")))));
        }
        page.tree(&tree)?;
    }
    Ok(())
}

fn node(finding: &Finding) -> Node {
    let mut text = visible(&finding.text);
    let reach = &finding.reach;
    if reach.total > 0 {
        let mut parts = vec![format!("{} {}", reach.total, if reach.total == 1 { "role" } else { "roles" })];
        if reach.privileged > 0 {
            parts.push(format!("{} privileged", reach.privileged));
        }
        if reach.production > 0 {
            parts.push(format!("{} in production", reach.production));
        }
        text.push_str(&format!(" ({})", parts.join(", ")));
    }
    text.push('\n');
    text.push_str(&toned(Tone::Faint, &visible(&format!("[{}]", finding.id))));
    for evidence in &finding.evidence {
        text.push_str(&format!("\n{}", visible(evidence)));
    }
    match &finding.accepted {
        Some(accepted) => {
            let line = format!("accepted by {} until {}: {}", accepted.by, accepted.until, accepted.reason);
            text.push_str(&format!("\n{}", toned(Tone::Good, &visible(&line))));
        }
        None => text.push_str(&format!("\n→ {}", visible(&finding.remedy))),
    }
    Node::new(text)
}

pub(crate) fn rows(found: &Findings) -> Rows {
    let rows = found.findings.iter().map(|finding| {
        let accepted = finding.accepted.as_ref();
        vec![
            Cell::from(finding.id.as_str()),
            finding.rule.as_str().into(),
            finding.severity.as_str().into(),
            finding.app.id.as_str().into(),
            finding.text.as_str().into(),
            finding.evidence.clone().into(),
            finding.remedy.as_str().into(),
            finding.reach.total.into(),
            finding.reach.privileged.into(),
            finding.reach.production.into(),
            accepted.map(|accepted| accepted.by.as_str()).into(),
            accepted.map(|accepted| accepted.until.to_string()).into(),
        ]
        .into_iter()
        .chain(complete_cells(&found.completeness))
        .collect()
    });
    Rows {
        columns: vec![
            "id",
            "rule",
            "severity",
            "app",
            "text",
            "evidence",
            "remedy",
            "roles",
            "privileged",
            "production",
            "accepted_by",
            "accepted_until",
            "complete",
            "unread_groups",
        ],
        rows: rows.collect(),
    }
}
