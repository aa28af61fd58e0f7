//! A claim's events become its row.

use domain::claim::Event as Change;
use domain::{Event, Money, MoneyByCurrency, Personal, RecordedEvent, TenantId, Vertical};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which claims there are.
#[derive(Debug)]
pub struct ClaimList;

/// A claim as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// The line of business it belongs to.
    pub vertical: Vertical,
    /// Who is to pay.
    pub payer: String,
    /// The patient's name or number.
    pub patient: Option<String>,
    /// The day of the service.
    pub service_date: Option<Date>,
    /// `submitted`, `adjudicated`, `denied` or `appealed`.
    pub status: String,
    /// What is asked for.
    pub billed: Money,
    /// What the payer takes for right.
    pub allowed: Option<Money>,
    /// What the payer pays.
    pub paid: Option<Money>,
    /// What came in that was given up.
    pub recovered: Option<MoneyByCurrency>,
    /// What the payer took back of what came in.
    pub reversed: Option<MoneyByCurrency>,
    /// The reason codes of the last decision (CARC and RARC).
    pub reason_codes: Vec<String>,
    /// Why it was denied last, in words.
    pub reason: Option<String>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When the payer decided last.
    pub decided_at: Option<Timestamp>,
}

impl ReadModel for ClaimList {
    const NAME: &'static str = "claim";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["claim"];
    const KEEPS_PERSONAL_DATA: bool = true;

    type Key = EntityKey;
    type Row = ClaimRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Claim(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Some(row) = ClaimRow::begin(event, change) {
            rows.put(key, row);
        } else {
            rows.known(&key)?.change(event, change);
        }
        Ok(())
    }
}

impl ClaimRow {
    fn begin(event: &RecordedEvent, change: &Change) -> Option<Self> {
        let Change::Submitted {
            vertical,
            payer,
            billed,
            service_date,
            patient,
            submitted_at,
        } = change
        else {
            return None;
        };
        Some(Self {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
            vertical: vertical.clone(),
            payer: payer.clone(),
            patient: patient.as_ref().and_then(Personal::reveal).cloned(),
            service_date: *service_date,
            status: "submitted".to_owned(),
            billed: *billed,
            allowed: None,
            paid: None,
            recovered: None,
            reversed: None,
            reason_codes: Vec::new(),
            reason: None,
            created_at: *submitted_at,
            decided_at: None,
        })
    }

    fn change(&mut self, event: &RecordedEvent, change: &Change) {
        match change {
            Change::Submitted { .. } => {}
            Change::Adjudicated {
                allowed,
                paid,
                reason_codes,
                ..
            } => {
                "adjudicated".clone_into(&mut self.status);
                self.allowed = Some(*allowed);
                self.paid = Some(*paid);
                self.reason_codes.clone_from(reason_codes);
                self.decided_at = Some(event.occurred_at);
            }
            Change::Denied {
                reason_codes, reason, ..
            } => {
                "denied".clone_into(&mut self.status);
                self.reason = Some(reason.clone());
                self.reason_codes.clone_from(reason_codes);
                self.decided_at = Some(event.occurred_at);
            }
            Change::Appealed { .. } => "appealed".clone_into(&mut self.status),
            Change::Recovered { amount, .. } => self.recovered.get_or_insert_default().add(*amount),
            Change::PaymentReversed { amount, .. } => self.reversed.get_or_insert_default().add(*amount),
        }
    }
}
