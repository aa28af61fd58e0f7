//! A report's snapshots become its row.

use domain::roi::{Figure, FigureChange};
use domain::roi_snapshot::{Event as Change, Report, State};
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable, count};

/// Which reports were frozen.
#[derive(Debug)]
pub struct RoiSnapshotList;

/// A report and its snapshots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoiSnapshotRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: String,
    /// The line of business; none: all together.
    pub vertical: Option<String>,
    /// The first day.
    pub first_day: Date,
    /// The last day.
    pub last_day: Date,
    /// The currency of its amounts.
    pub currency: String,
    /// How many snapshots there are.
    pub number: i64,
    /// Up to which position the last one counts.
    pub counted_up_to: i64,
    /// All snapshots, the oldest first: each takes the place of the one before.
    pub versions: Vec<SnapshotVersion>,
    /// When it was frozen first.
    pub created_at: Timestamp,
    /// When it was frozen last.
    pub changed_at: Timestamp,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotVersion {
    /// Its place: 1, 2, 3, ...
    pub number: u32,
    /// Which report.
    pub report: Report,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// How sure its outcomes were.
    pub state: State,
    /// Events up to this position count.
    pub counted_up_to: u64,
    /// The moment by which outcomes were settled or not.
    pub told_at: Timestamp,
    /// The position up to which the snapshot before counted.
    pub supersedes: Option<u64>,
    /// What is not as that one said.
    pub changes: Vec<FigureChange>,
    /// When it was frozen.
    pub frozen_at: Timestamp,
}

impl ReadModel for RoiSnapshotList {
    const NAME: &'static str = "roi_snapshot";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["roi_snapshot"];

    type Key = EntityKey;
    type Row = RoiSnapshotRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::RoiSnapshot(Change::Frozen {
            report,
            number,
            figures,
            state,
            counted_up_to,
            told_at,
            supersedes,
            changes,
        }) = &event.event
        else {
            return Ok(());
        };
        let row = rows.row(EntityKey::of(event), || RoiSnapshotRow {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
            vertical: report.vertical.as_ref().map(ToString::to_string),
            first_day: report.first_day,
            last_day: report.last_day,
            currency: report.currency.to_string(),
            number: 0,
            counted_up_to: 0,
            versions: Vec::new(),
            created_at: event.occurred_at,
            changed_at: event.occurred_at,
        });
        row.number = i64::from(*number);
        row.counted_up_to = count(*counted_up_to);
        row.changed_at = event.occurred_at;
        row.versions.push(SnapshotVersion {
            number: *number,
            report: report.clone(),
            figures: figures.clone(),
            state: *state,
            counted_up_to: *counted_up_to,
            told_at: *told_at,
            supersedes: *supersedes,
            changes: changes.clone(),
            frozen_at: event.occurred_at,
        });
        Ok(())
    }
}
