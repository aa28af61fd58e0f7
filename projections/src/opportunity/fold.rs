//! An opportunity's events become its row.

use domain::opportunity::Event as Change;
use domain::{Event, Money, RecordedEvent, TenantId, Vertical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which opportunities there are.
#[derive(Debug)]
pub struct OpportunityList;

/// An opportunity as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpportunityRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// The line of business it belongs to.
    pub vertical: Vertical,
    /// What it is about.
    pub title: String,
    /// Where it stands; after the end, where it stood last.
    pub stage: String,
    /// `open`, `won` or `lost`.
    pub status: String,
    /// The customer.
    pub account: Option<String>,
    /// Who works on it.
    pub owner: Option<String>,
    /// What is to be sold.
    pub product: Option<String>,
    /// The lead that it came from.
    pub lead: Option<String>,
    /// What it is expected to bring.
    pub expected: Option<Money>,
    /// What it brought.
    pub value: Option<Money>,
    /// Why it was lost.
    pub reason: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was won or lost.
    pub closed_at: Option<Timestamp>,
}

impl ReadModel for OpportunityList {
    const NAME: &'static str = "opportunity";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["opportunity"];

    type Key = EntityKey;
    type Row = OpportunityRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Opportunity(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Change::Opened {
            title,
            stage,
            vertical,
            account,
            owner,
            product,
            lead,
            expected,
            opened_at,
        } = change
        {
            let row = OpportunityRow {
                tenant_id: event.tenant(),
                id: event.stream.id.clone(),
                vertical: vertical.clone(),
                title: title.clone(),
                stage: stage.clone(),
                status: "open".to_owned(),
                account: account.clone(),
                owner: owner.clone(),
                product: product.clone(),
                lead: lead.clone(),
                expected: *expected,
                value: None,
                reason: None,
                created_at: *opened_at,
                closed_at: None,
            };
            rows.put(key, row);
            return Ok(());
        }
        let row = rows.known(&key)?;
        match change {
            Change::Opened { .. } => {}
            Change::StageChanged { stage, .. } => row.stage.clone_from(stage),
            Change::Won { value, .. } => {
                "won".clone_into(&mut row.status);
                row.value = Some(*value);
                row.closed_at = Some(event.occurred_at);
            }
            Change::Lost { reason, .. } => {
                "lost".clone_into(&mut row.status);
                row.reason = Some(reason.clone());
                row.closed_at = Some(event.occurred_at);
            }
            Change::Reopened { .. } => {
                "open".clone_into(&mut row.status);
                row.value = None;
                row.reason = None;
                row.closed_at = None;
            }
        }
        Ok(())
    }
}
