//! How long snapshots and logs are kept: look, and change.

use serde_json::json;

use super::Context;
use crate::{
    problem::{FieldError, Problem},
    retention::Retention,
    seen::state,
};

pub(crate) async fn get(context: &Context) -> Result<Retention, Problem> {
    Ok(Retention::load(&context.console).await?)
}

/// Changes it; the next clean-up follows it.
pub(crate) async fn set(context: &Context, rules: Retention) -> Result<Retention, Problem> {
    let mut fields = Vec::new();
    let mut within = |field: &str, value: i64, least: i64| {
        if !(least..=Retention::LONGEST).contains(&value) {
            fields.push(FieldError {
                field: field.to_owned(),
                text: format!("{least} to {}", Retention::LONGEST),
            });
        }
    };
    within("snapshot_days", rules.snapshot_days, 1);
    within("snapshot_count", i64::try_from(rules.snapshot_count).unwrap_or(i64::MAX), 1);
    within("one_per_day_after", rules.one_per_day_after, 0);
    within("log_days", rules.log_days, 1);
    within("message_days", rules.message_days, Retention::FEWEST_MESSAGE_DAYS);
    within("plan_days", rules.plan_days, 1);
    if !fields.is_empty() {
        return Err(Problem::invalid(fields));
    }
    let change = context.change().await?;
    let before = get(context).await?;
    context.expect(&state(&before))?;
    rules.keep(&change).await?;
    change.audit("retention.changed", "console", json!({ "from": before, "to": rules })).await?;
    change.commit().await?;
    Ok(rules)
}
