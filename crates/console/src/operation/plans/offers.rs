//! What granting and revoking is offered, connector by connector; and where it is not, why.

use std::collections::BTreeMap;

use rolebook_federation::plan::Row;

use super::super::{Context, access, provisioning::Writer};
use crate::{
    hosted::Hosted,
    policy::{Action, Relation, who_may},
    problem::Problem,
    settings::{Capability, Known},
    store,
};

/// The rights that write.
pub(super) const ROWS: [Row; 2] = [Row::GroupMembership, Row::ApplicationAssignment];

pub(crate) fn capability(row: Row) -> Capability {
    match row {
        Row::GroupMembership => Capability::ProvisionGroups,
        Row::ApplicationAssignment => Capability::ProvisionAssignments,
    }
}

/// Why a row of the matrix forbids a write; `None` where it does not.
pub(crate) fn forbids(writer: &Writer, row: Row) -> Option<String> {
    let known = writer.known(capability(row));
    (!known.allows()).then(|| format!("the token lacks {} ({})", row.admin_role(), known.text()))
}

/// What can be written through a connector.
pub(crate) struct Offer {
    pub(crate) connector: String,
    pub(crate) name: String,
    /// Why nothing can; empty when something can.
    pub(crate) off: String,
    pub(crate) rows: Vec<OfferRow>,
}

/// One right of a connector.
pub(crate) struct OfferRow {
    row: Row,
    known: Known,
    pub(crate) text: String,
    pub(crate) word: &'static str,
    pub(crate) tone: &'static str,
    /// Why not; empty when it can.
    pub(crate) why: String,
}

impl Offer {
    async fn of(context: &Context, hosted: &Hosted) -> Result<Self, Problem> {
        let writer = Writer::load(context, hosted).await?;
        let rows: Vec<OfferRow> = ROWS
            .into_iter()
            .map(|row| {
                let known = writer.known(capability(row));
                let tone = match known {
                    Known::Yes | Known::StatedYes => "green",
                    Known::NotProven => "amber",
                    Known::No | Known::StatedNo => "red",
                };
                let why = forbids(&writer, row).unwrap_or_default();
                OfferRow { row, known, text: row.to_string(), word: known.text(), tone, why }
            })
            .collect();
        let off = if !writer.row.enabled {
            "provisioning is off for this connector".to_owned()
        } else if rows.iter().all(|row| !row.why.is_empty()) {
            "its token may write nothing".to_owned()
        } else {
            String::new()
        };
        Ok(Self { connector: hosted.row.id.clone(), name: hosted.row.name.clone(), off, rows })
    }
}

/// What can be written through the connectors that have data.
pub(crate) async fn offers(context: &Context) -> Result<Vec<Offer>, Problem> {
    let mut offers = Vec::new();
    for row in store::connectors::all(context.console.store.db()).await? {
        if row.good_sync.is_some() {
            offers.push(Offer::of(context, &Hosted::of(row)?).await?);
        }
    }
    Ok(offers)
}

/// What a change writes, as far as a page knows before it is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Memberships of a group.
    Membership,
    /// Assignments to the app.
    Assignment,
    /// Whatever gives or takes a role: memberships where groups are mapped, else one of both.
    Role,
}

/// Whether a change is offered on what a connector shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Offered {
    /// Why not; empty when it is.
    pub(crate) off: String,
    /// Whether the token may is not known yet.
    pub(crate) unproven: bool,
}

/// For the pages that show a connector's data: which changes they offer.
pub(crate) struct Doors(BTreeMap<String, Door>);

struct Door {
    offer: Offer,
    maps_groups: bool,
    /// The viewer may not change access.
    barred: bool,
}

impl Doors {
    /// Of every connector within reach.
    pub(crate) async fn load(context: &Context) -> Result<Self, Problem> {
        let barred = !context.actor.may(Relation::default(), Action::ChangeAccess);
        let mut doors = BTreeMap::new();
        for hosted in access::within_reach(context, "").await? {
            let good = hosted.row.good_sync.clone().unwrap_or_default();
            let lens = context.console.lens(&hosted.row.id, &good).await?;
            let maps_groups = lens.readings.all().iter().any(|reading| reading.rules().maps_groups());
            let offer = Offer::of(context, &hosted).await?;
            doors.insert(hosted.row.id, Door { offer, maps_groups, barred });
        }
        Ok(Self(doors))
    }

    /// Whether a change is offered.
    pub(crate) fn offered(&self, connector: &str, writes: Writes) -> Offered {
        match self.0.get(connector) {
            Some(door) => door.offered(writes),
            None => Offered { off: "this connector is not within your reach".to_owned(), unproven: false },
        }
    }
}

impl Door {
    fn offered(&self, writes: Writes) -> Offered {
        let off = |text: &str| Offered { off: text.to_owned(), unproven: false };
        if self.barred {
            return off(&who_may(Action::ChangeAccess));
        }
        if !self.offer.off.is_empty() {
            return off(&self.offer.off);
        }
        let needed = |row: &&OfferRow| match writes {
            Writes::Membership => row.row == Row::GroupMembership,
            Writes::Assignment => row.row == Row::ApplicationAssignment,
            Writes::Role => !self.maps_groups || row.row == Row::GroupMembership,
        };
        let rows = self.offer.rows.iter().filter(needed);
        match rows.clone().find(|row| row.why.is_empty()) {
            Some(_) => Offered {
                off: String::new(),
                unproven: rows.filter(|row| row.why.is_empty()).all(|row| row.known == Known::NotProven),
            },
            None => off(rows.map(|row| row.why.as_str()).next().unwrap_or_default()),
        }
    }
}
