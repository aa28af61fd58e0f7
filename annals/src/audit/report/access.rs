//! Who had access in a period: members and API keys, as the log says.

use std::collections::BTreeMap;

use domain::RecordedEvent;
use jiff::Timestamp;
use serde_json::Value;

use super::period::Period;
use api::paper::{Align, Paper};

/// Members and keys, as far as the log was read.
#[derive(Debug, Default)]
pub(super) struct Access {
    members: BTreeMap<String, Holder>,
    keys: BTreeMap<String, Holder>,
}

/// One who may come in.
#[derive(Clone, Debug, Default)]
struct Holder {
    /// An address, or a key's name.
    name: String,
    /// A role, or scopes.
    rights: String,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// A text out of an event's payload.
pub(super) fn text(payload: &Value, pointer: &str) -> String {
    match payload.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            items.join(", ")
        }
        Some(other) => other.to_string(),
    }
}

impl Access {
    /// Takes in what happened.
    pub(super) fn take(&mut self, event: &RecordedEvent) {
        let payload = event.event.encode();
        let holders = match event.stream.aggregate_type {
            "member" => &mut self.members,
            "api_key" => &mut self.keys,
            _ => return,
        };
        let holder = holders.entry(event.stream.id.clone()).or_default();
        match event.event_type.as_str() {
            "member.invited" => {
                holder.name = text(&payload, "/invited/email/raw");
                holder.rights = text(&payload, "/invited/role");
            }
            "member.joined" => {
                holder.since = Some(event.recorded_at);
                holder.until = None;
            }
            "member.role_changed" => holder.rights = text(&payload, "/role_changed/role"),
            "api_key.issued" => {
                holder.name = text(&payload, "/issued/name");
                holder.rights = text(&payload, "/issued/scopes");
                holder.since = Some(event.recorded_at);
            }
            "member.removed" | "api_key.revoked" => holder.until = Some(event.recorded_at),
            _ => {}
        }
    }

    /// Who had access at any time of the period.
    pub(super) fn write(&self, paper: &mut Paper, period: Period) {
        paper.heading("Who had access");
        for (what, holders, rights) in [
            ("Member", &self.members, "Role"),
            ("API key", &self.keys, "Scopes"),
        ] {
            let rows: Vec<Vec<String>> = holders
                .iter()
                .filter(|(_, holder)| {
                    holder.since.is_some_and(|since| since < period.before)
                        && holder.until.is_none_or(|until| until >= period.from)
                })
                .map(|(id, holder)| {
                    let moment = |at: Option<Timestamp>| at.map_or_else(String::new, shown);
                    vec![
                        id.clone(),
                        holder.name.clone(),
                        holder.rights.clone(),
                        moment(holder.since),
                        moment(holder.until),
                    ]
                })
                .collect();
            if rows.is_empty() {
                paper.text(format!(
                    "No {} had access.",
                    what.to_lowercase().replace("api", "API")
                ));
                continue;
            }
            let columns = [
                (what, Align::Left, 3),
                ("Name", Align::Left, 4),
                (rights, Align::Left, 3),
                ("Since", Align::Left, 3),
                ("Until", Align::Left, 3),
            ];
            paper.table(&columns, rows);
        }
        paper.text(
            "People whom an identity provider lets in with roles of its own are not members; what they did is in the audit \
             feed. The platform's administrator always has access.",
        );
    }
}

/// A moment as people read it, in UTC.
pub(super) fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
