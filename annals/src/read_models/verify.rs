//! `annals read-model verify`: stored rows compared with what the log says.

use anyhow::bail;
use clap::Args;
use domain::TenantId;
use projections::{Check, Difference, DifferenceKind, Extent, Past, Verified};
use serde_json::{Value, json};

use super::print::{Shape, shown};
use crate::output::say;

/// Which rows to compare.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The read model; left out, all
    pub name: Option<String>,
    /// The rows of this tenant only: its slug or its id
    #[arg(long)]
    pub tenant: Option<String>,
    /// So many keys only, chosen at random
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub sample: Option<u32>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Compares, shows, and fails when anything differs.
pub(super) async fn run(past: &Past, tenant: Option<TenantId>, args: VerifyArgs) -> anyhow::Result<()> {
    let names = match args.name {
        Some(name) => vec![name],
        None => projections::all()
            .iter()
            .map(|model| model.name().to_owned())
            .collect(),
    };
    let extent = args.sample.map_or(Extent::All, |keys| Extent::Sample {
        keys,
        seed: crate::ambient::system().now().as_microsecond().unsigned_abs(),
    });
    let check = Check {
        tenant,
        extent,
        ..Check::all()
    };
    let mut different = 0;
    for name in names {
        let verified = past.verify(&name, &check).await?;
        different += verified.different;
        match Shape::from(args.json) {
            Shape::Json => say!("{}", as_json(&verified))?,
            Shape::People => say!("{}", as_text(&verified))?,
        }
    }
    if different > 0 {
        bail!("{different} rows differ from what the log says: `annals read-model rebuild` fills them anew");
    }
    Ok(())
}

/// Where a difference is, how, and from which event on, without the values.
pub(crate) fn place(difference: &Difference) -> String {
    let kind = match &difference.kind {
        DifferenceKind::Changed => "differs",
        DifferenceKind::Missing => "is missing",
        DifferenceKind::Superfluous => "was made by no event",
        DifferenceKind::Refused(reason) => {
            return format!("tenant {}: can't be compared: {reason}", difference.tenant);
        }
    };
    let key = Value::Object(difference.key.clone());
    let event = difference.event.as_ref().map_or_else(String::new, |event| {
        format!(", from {} at position {} on", event.event_type, event.position)
    });
    let columns: Vec<&str> = difference.columns.iter().map(|one| one.column.as_str()).collect();
    format!("{key} {kind}{event}, in {}", columns.join(", "))
}

fn as_text(verified: &Verified) -> String {
    let Verified {
        read_model,
        tenants,
        keys,
        parked,
        events,
        different,
        differences,
    } = verified;
    let mut text = format!(
        "{read_model:<14} {keys} keys of {tenants} tenants compared with {events} events: {different} differ"
    );
    if *parked > 0 {
        text += &format!(
            "\n  {parked} keys wait behind parked streams (`annals read-model parked`); they are behind by what waits"
        );
    }
    for difference in differences {
        text += &format!("\n  {}", place(difference));
        for column in &difference.columns {
            let (stored, folded) = (shown(column.left.as_ref()), shown(column.right.as_ref()));
            text += &format!(
                "\n    {}: {stored} is stored, the log says {folded}",
                column.column
            );
        }
    }
    let more = different.saturating_sub(differences.len() as u64);
    if more > 0 {
        text += &format!("\n  and {more} more");
    }
    text
}

fn as_json(verified: &Verified) -> Value {
    let difference = |one: &Difference| {
        let (kind, reason) = match &one.kind {
            DifferenceKind::Changed => ("changed", None),
            DifferenceKind::Missing => ("missing", None),
            DifferenceKind::Superfluous => ("superfluous", None),
            DifferenceKind::Refused(reason) => ("refused", Some(reason)),
        };
        let columns = one.columns.iter();
        let columns =
            columns.map(|one| json!({ "column": one.column, "stored": one.left, "folded": one.right }));
        let event = one.event.as_ref();
        json!({
            "tenant": one.tenant.to_string(),
            "key": one.key,
            "kind": kind,
            "reason": reason,
            "columns": columns.collect::<Vec<_>>(),
            "event": event.map(|event| json!({ "position": event.position, "type": event.event_type })),
        })
    };
    json!({
        "read_model": verified.read_model,
        "tenants": verified.tenants,
        "keys": verified.keys,
        "parked": verified.parked,
        "events": verified.events,
        "different": verified.different,
        "differences": verified.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}
