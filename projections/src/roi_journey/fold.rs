//! The events of leads, opportunities, claims and runs become facts of their rows.

use domain::agent_run::{Event as Run, RunResult};
use domain::claim::{Determination, Event as Claim};
use domain::lead::Event as Lead;
use domain::opportunity::Event as Opportunity;
use domain::{ActorKind, Event, Money, RecordedEvent, StreamId, TenantId, Vertical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Part;

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable};

/// What became of leads, opportunities, claims and runs.
#[derive(Debug)]
pub struct RoiJourney;

/// A lead, an opportunity, a claim or a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JourneyRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// `lead`, `opportunity`, `claim` or `agent_run`.
    pub kind: String,
    /// Its id inside the tenant.
    pub id: String,
    /// The line of business.
    pub vertical: Vertical,
    /// Of a run: the agent.
    pub agent: Option<String>,
    /// Of a run or an opportunity: the lead.
    pub lead: Option<String>,
    /// Of a run: the opportunity.
    pub opportunity: Option<String>,
    /// Of a run: the claim.
    pub claim: Option<String>,
    /// Of an opportunity: who worked on it when it was opened.
    pub owner: Option<String>,
    /// When the first of its facts was.
    pub first_at: Timestamp,
    /// When the last of its facts was.
    pub last_at: Timestamp,
    /// Its facts, in the order of the log.
    pub facts: Vec<Fact>,
}

/// Something that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Where its event is in the log.
    pub position: u64,
    /// When it was.
    pub at: Timestamp,
    /// What it was.
    pub what: What,
}

/// What happened, as far as a return depends on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the events")]
pub enum What {
    Started,
    Completed {
        result: RunResult,
    },
    /// Failed or canceled.
    Broken,
    Captured {
        by: ActorKind,
    },
    Qualified,
    Converted,
    Disqualified,
    Opened {
        expected: Option<Money>,
    },
    Won {
        value: Money,
    },
    Lost,
    Reopened,
    Submitted,
    Paid {
        amount: Money,
        determination: Determination,
    },
    Denied {
        determination: Determination,
    },
    Recovered {
        amount: Money,
    },
    PaymentReversed {
        amount: Money,
    },
}

/// The key of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JourneyKey {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The kind of aggregate.
    pub kind: String,
    /// Its id inside the tenant.
    pub id: String,
}

impl RowKey for JourneyKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }

    /// A row is made by one stream.
    fn part(&self, reads: &'static [&'static str]) -> Part {
        match reads.iter().find(|kind| **kind == self.kind) {
            Some(aggregate_type) => Part::Stream(StreamId {
                aggregate_type,
                tenant: self.tenant_id,
                id: self.id.clone(),
            }),
            None => Part::Tenant {
                tenant: self.tenant_id,
                aggregates: reads,
            },
        }
    }
}

/// What happened, and in which line of business; `None`: no return depends on it.
fn what(recorded: &RecordedEvent) -> Option<(&Vertical, What)> {
    Some(match &recorded.event {
        Event::AgentRun(run) => match run {
            Run::Started { vertical, .. } => (vertical, What::Started),
            Run::Completed { vertical, result, .. } => (vertical, What::Completed { result: *result }),
            Run::Failed { vertical, .. } | Run::Canceled { vertical, .. } => (vertical, What::Broken),
            Run::ModelCallRecorded { .. } | Run::ToolCallRecorded { .. } => return None,
        },
        Event::Lead(lead) => match lead {
            Lead::Captured { vertical, .. } => {
                let by = recorded.actor.kind;
                (vertical, What::Captured { by })
            }
            Lead::Qualified { vertical, .. } => (vertical, What::Qualified),
            Lead::Converted { vertical, .. } => (vertical, What::Converted),
            Lead::Disqualified { vertical, .. } => (vertical, What::Disqualified),
            Lead::Enriched { .. } | Lead::Assigned { .. } | Lead::Contacted { .. } => return None,
        },
        Event::Opportunity(opportunity) => match opportunity {
            Opportunity::Opened {
                vertical, expected, ..
            } => (vertical, What::Opened { expected: *expected }),
            Opportunity::Won { vertical, value, .. } => (vertical, What::Won { value: *value }),
            Opportunity::Lost { vertical, .. } => (vertical, What::Lost),
            Opportunity::Reopened { vertical, .. } => (vertical, What::Reopened),
            Opportunity::StageChanged { .. } => return None,
        },
        Event::Claim(claim) => match claim {
            Claim::Submitted { vertical, .. } => (vertical, What::Submitted),
            Claim::Adjudicated {
                vertical,
                paid,
                determination,
                ..
            } => {
                let (amount, determination) = (*paid, *determination);
                (
                    vertical,
                    What::Paid {
                        amount,
                        determination,
                    },
                )
            }
            Claim::Denied {
                vertical,
                determination,
                ..
            } => {
                let determination = *determination;
                (vertical, What::Denied { determination })
            }
            Claim::Recovered { vertical, amount, .. } => (vertical, What::Recovered { amount: *amount }),
            Claim::PaymentReversed { vertical, amount, .. } => {
                (vertical, What::PaymentReversed { amount: *amount })
            }
            Claim::Appealed { .. } => return None,
        },
        _ => return None,
    })
}

fn key(event: &RecordedEvent) -> JourneyKey {
    JourneyKey {
        tenant_id: event.tenant(),
        kind: event.stream.aggregate_type.to_owned(),
        id: event.stream.id.clone(),
    }
}

impl ReadModel for RoiJourney {
    const NAME: &'static str = "roi_journey";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "kind", "id"];
    const READS: &'static [&'static str] = &["agent_run", "claim", "lead", "opportunity"];

    type Key = JourneyKey;
    type Row = JourneyRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<JourneyKey> {
        what(event).map(|_| key(event)).into_iter().collect()
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Some((vertical, what)) = what(event) else {
            return Ok(());
        };
        let row = rows.row(key(event), || JourneyRow::empty(event, vertical.clone()));
        row.first_at = row.first_at.min(event.occurred_at);
        row.last_at = row.last_at.max(event.occurred_at);
        row.facts.push(Fact {
            position: event.position,
            at: event.occurred_at,
            what,
        });
        Ok(())
    }
}

impl JourneyRow {
    fn empty(event: &RecordedEvent, vertical: Vertical) -> Self {
        let mut row = Self {
            tenant_id: event.tenant(),
            kind: event.stream.aggregate_type.to_owned(),
            id: event.stream.id.clone(),
            vertical,
            agent: None,
            lead: None,
            opportunity: None,
            claim: None,
            owner: None,
            first_at: event.occurred_at,
            last_at: event.occurred_at,
            facts: Vec::new(),
        };
        match &event.event {
            Event::AgentRun(Run::Started {
                agent,
                lead,
                opportunity,
                claim,
                ..
            }) => {
                row.agent = Some(agent.clone());
                row.lead.clone_from(lead);
                row.opportunity.clone_from(opportunity);
                row.claim.clone_from(claim);
            }
            Event::Opportunity(Opportunity::Opened { lead, owner, .. }) => {
                row.lead.clone_from(lead);
                row.owner.clone_from(owner);
            }
            _ => {}
        }
        row
    }
}
