//! A member's events become its row.

use domain::member::{Event as Change, Role};
use domain::{Email, Event, Personal, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// What stands in the place of an address that was erased.
const ERASED: &str = "[erased]";

/// Who the members are.
#[derive(Debug)]
pub struct MemberList;

/// A member as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// The person's address, canonical.
    pub email: String,
    /// The person's name.
    pub name: Option<String>,
    /// What the person may do, or might last.
    pub role: Role,
    /// The subject under which the identity provider knows the person, once joined.
    pub subject: Option<String>,
    /// `invited`, `joined` or `removed`.
    pub status: String,
    /// Why the person was removed.
    pub reason: Option<String>,
    /// When the person was invited.
    pub created_at: Timestamp,
    /// When anything changed last.
    pub changed_at: Timestamp,
}

impl ReadModel for MemberList {
    const NAME: &'static str = "member";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["member"];
    const KEEPS_PERSONAL_DATA: bool = true;

    type Key = EntityKey;
    type Row = MemberRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Member(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Some(row) = MemberRow::begin(event, change) {
            rows.put(key, row);
        } else {
            rows.known(&key)?.change(event, change);
        }
        Ok(())
    }
}

impl MemberRow {
    fn begin(event: &RecordedEvent, change: &Change) -> Option<Self> {
        let Change::Invited { email, role, name } = change else {
            return None;
        };
        Some(Self {
            tenant_id: event.tenant(),
            id: event.stream.id.clone(),
            email: email.reveal().map_or(ERASED, Email::canonical).to_owned(),
            name: name.as_ref().and_then(Personal::reveal).cloned(),
            role: *role,
            subject: None,
            status: "invited".to_owned(),
            reason: None,
            created_at: event.occurred_at,
            changed_at: event.occurred_at,
        })
    }

    fn change(&mut self, event: &RecordedEvent, change: &Change) {
        self.changed_at = event.occurred_at;
        match change {
            Change::Invited { .. } => {}
            Change::Joined { user, role } => {
                "joined".clone_into(&mut self.status);
                self.subject = Some(user.clone());
                self.role = *role;
            }
            Change::RoleChanged { role, .. } => self.role = *role,
            Change::Removed { reason, .. } => {
                "removed".clone_into(&mut self.status);
                self.reason = Some(reason.clone());
            }
        }
    }
}
