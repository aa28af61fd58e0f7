//! A lead's events become its row.

use std::collections::BTreeMap;

use domain::lead::Event as Change;
use domain::{Event, Personal, RecordedEvent, TenantId, Vertical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which leads there are.
#[derive(Debug)]
pub struct LeadList;

/// A lead as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// The line of business it belongs to.
    pub vertical: Vertical,
    /// Where it came from.
    pub source: String,
    /// `new`, `qualified`, `converted` or `disqualified`.
    pub status: String,
    /// The person's name.
    pub name: Option<String>,
    /// The person's address, canonical.
    pub email: Option<String>,
    /// The person's number, in E.164.
    pub phone: Option<String>,
    /// Who has it.
    pub assignee: Option<String>,
    /// From 0 to 100.
    pub score: Option<i64>,
    /// How often somebody reached out.
    pub contacts: i64,
    /// The opportunity that came of it.
    pub opportunity: Option<String>,
    /// Why it was given up.
    pub reason: Option<String>,
    /// What was found out about it.
    pub attributes: BTreeMap<String, String>,
    /// When it was captured.
    pub created_at: Timestamp,
}

impl ReadModel for LeadList {
    const NAME: &'static str = "lead";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["lead"];
    const KEEPS_PERSONAL_DATA: bool = true;

    type Key = EntityKey;
    type Row = LeadRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Lead(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Change::Captured {
            vertical,
            source,
            name,
            email,
            phone,
            captured_at,
        } = change
        {
            let row = LeadRow {
                tenant_id: event.tenant(),
                id: event.stream.id.clone(),
                vertical: vertical.clone(),
                source: source.clone(),
                status: "new".to_owned(),
                name: name.as_ref().and_then(Personal::reveal).cloned(),
                email: email
                    .as_ref()
                    .and_then(Personal::reveal)
                    .map(|email| email.canonical().to_owned()),
                phone: phone
                    .as_ref()
                    .and_then(Personal::reveal)
                    .map(|phone| phone.e164().to_owned()),
                assignee: None,
                score: None,
                contacts: 0,
                opportunity: None,
                reason: None,
                attributes: BTreeMap::new(),
                created_at: *captured_at,
            };
            rows.put(key, row);
            return Ok(());
        }
        let row = rows.known(&key)?;
        match change {
            Change::Captured { .. } => {}
            Change::Enriched { attributes } => row
                .attributes
                .extend(attributes.reveal().cloned().unwrap_or_default()),
            Change::Qualified { score, .. } => {
                "qualified".clone_into(&mut row.status);
                row.score = Some((*score).into());
            }
            Change::Assigned { assignee, .. } => row.assignee = Some(assignee.clone()),
            Change::Contacted { number, .. } => row.contacts = (*number).into(),
            Change::Converted { opportunity, .. } => {
                "converted".clone_into(&mut row.status);
                row.opportunity.clone_from(opportunity);
            }
            Change::Disqualified { reason, .. } => {
                "disqualified".clone_into(&mut row.status);
                row.reason = Some(reason.clone());
            }
        }
        Ok(())
    }
}
