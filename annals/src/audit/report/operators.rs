//! What operators did at the command line, and what was refused to them.

use domain::{ActorKind, RecordedEvent};

use super::access::{shown, text};
use super::sections::listed;
use api::paper::{Align, Paper};

/// Whether an operator did it.
pub(super) fn is_one(event: &RecordedEvent) -> bool {
    event.actor.kind == ActorKind::System && event.actor.id == "operator"
}

pub(super) fn section(paper: &mut Paper, events: &[RecordedEvent]) {
    paper.heading("What operators did");
    let rows = events.iter().filter(|event| is_one(event)).filter_map(|event| {
        let payload = event.event.encode();
        let of = |pointer: &str| text(&payload, pointer);
        let (what, on, by, outcome) = match event.event_type.as_str() {
            "access.operated" => (
                of("/operated/command"),
                of("/operated/targets"),
                of("/operated/operator"),
                "done".to_owned(),
            ),
            "access.refused" => (
                of("/refused/command"),
                of("/refused/target"),
                String::new(),
                format!("refused: {}", of("/refused/code")),
            ),
            _ => return None,
        };
        Some(vec![shown(event.recorded_at), what, on, by, outcome])
    });
    let columns = [
        ("When", Align::Left, 3),
        ("Command", Align::Left, 3),
        ("On what", Align::Left, 4),
        ("Account", Align::Left, 2),
        ("Outcome", Align::Left, 3),
    ];
    listed(paper, &columns, rows.collect(), "Nothing was told of operators.");
    paper.text(
        "These are acts that bear on the installation. What an operator does to the tenant itself (erasures, holds, rules of \
         retention, imports, invoices, exports) are events of their own, by system:operator.",
    );
}
