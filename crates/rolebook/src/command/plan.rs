//! `rolebook plan`: one plans, another looks and applies.

use std::process::ExitCode;

use rolebook_connector::PlanFile;

use crate::{
    arguments::{PlanArguments, SummaryFormat},
    change::{Place, print_json, print_place, print_plan},
    command::{
        change::{asked, principal},
        sync::now,
    },
    failure::Failure,
    output::finish,
};

pub(crate) async fn run(arguments: PlanArguments) -> Result<ExitCode, Failure> {
    let whom = principal(arguments.whom.to, arguments.whom.to_group)?;
    let asked = asked(arguments.action, whom, arguments.change, arguments.all.all)?;
    let place = Place::open(&arguments.place).await?;
    let request = place.provisioning.request(&asked).await?;
    let planned = place.provisioning.plan(&request).await?;
    match arguments.place.output {
        SummaryFormat::Text => {
            let mut out = std::io::stdout().lock();
            finish(print_place(&place.provisioning, &mut out))?;
            finish(print_plan(&planned, &mut out))?;
        }
        SummaryFormat::Json => {
            let file = PlanFile::new(
                &place.provisioning,
                std::slice::from_ref(&planned),
                place.who().clone(),
                now(),
            );
            let value = serde_json::to_value(&file)
                .map_err(|error| Failure::failed(format!("the plan cannot be written: {error}"), ""))?;
            print_json(&value)?;
        }
    }
    Ok(if planned.plan.falls_short() { ExitCode::from(5) } else { ExitCode::SUCCESS })
}
