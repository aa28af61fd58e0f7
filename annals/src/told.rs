//! What is done at the command line and changes nothing is written down as well: who exports, exports it from a tenant.

use domain::access::{Access, Event};
use domain::{Actor, ActorKind, Caller, TenantId};
use store::{Ambient, FactRecord, Options, Store};

use crate::config::Settings;

/// Writes into the tenants' logs that the operator exported from them, unless reads are not told at all. A process
/// that may only read says so on standard error, and goes on.
pub(crate) async fn exported(
    url: &str,
    ambient: &Ambient,
    settings: &Settings,
    tenants: &[TenantId],
    targets: &[&str],
) {
    if !settings.access.tells_reads() || tenants.is_empty() {
        return;
    }
    let told = async {
        // Whoever only reads makes no master key.
        let options = match settings.vault.given(&settings.data_dir)? {
            Some(keys) => Options::new(url, ambient.clone()).sealing(keys),
            None => Options::new(url, ambient.clone()),
        };
        let store = Store::open(options).await?;
        for tenant in tenants {
            tell(&store, *tenant, targets).await?;
        }
        anyhow::Ok(())
    };
    if let Err(error) = told.await {
        eprintln!("this export is not told in the log: {error:#}");
    }
}

/// Writes into a tenant's log that the operator exported this from it.
///
/// # Errors
/// When the log can't be written.
pub(crate) async fn tell(store: &Store, tenant: TenantId, targets: &[&str]) -> anyhow::Result<()> {
    let event = Event::Read {
        what: "export".to_owned(),
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        address: None,
        user_agent: None,
        reads: 1,
        first_at: store.ambient().now(),
    };
    let record = FactRecord {
        key: None,
        at: None,
        facts: vec![event],
    };
    let operator = Caller::new(tenant, Actor::new(ActorKind::System, "operator"));
    store.append_facts::<Access>(&operator, vec![record]).await?;
    Ok(())
}
