//! How much tenants keep, as facts: a sample a night, which stands for a day.

use domain::TenantId;
use domain::usage::{Event, Fact, Usage};
use domain::{Actor, ActorKind, Caller};
use jiff::civil::Date;
use rust_decimal::Decimal;
use store::{FactRecord, Key, Store};

/// The source of the samples' keys: a night has one, whoever takes it.
const SOURCE: &str = "storage-night";
/// A gigabyte is so many decimal places of a byte.
const PLACES: u32 = 9;

/// Writes down what a tenant's log takes in a night: gigabytes for a day, of what its events say.
///
/// # Errors
/// When the log can't be read or written, or the tenant is closed.
pub(crate) async fn sample(store: &Store, tenant: TenantId, night: Date) -> anyhow::Result<()> {
    let bytes = i64::try_from(store.log().bytes(tenant).await?)?;
    let dimensions = [("of".to_owned(), "log".to_owned())];
    let unit = Some("gigabyte_day".to_owned());
    let fact = Fact::try_new(
        "usage.storage".parse()?,
        Decimal::new(bytes, PLACES).normalize(),
        unit,
        dimensions.into(),
    )?;
    let record = FactRecord {
        key: Some(Key {
            source: SOURCE.to_owned(),
            id: night.to_string(),
            // The night itself is what is asked for: a second sample of it is known, whatever it measures.
            hash: [0; 32],
        }),
        at: None,
        facts: vec![Event::Recorded(fact)],
    };
    let caller = Caller::new(tenant, Actor::new(ActorKind::System, "storage"));
    store.append_facts::<Usage>(&caller, vec![record]).await?;
    Ok(())
}
