//! `annals replay`: the past played again in the terminal, and its steps as tests.

mod args;
mod as_test;
mod entity;
mod keys;
mod masked;
mod player;

pub use args::ReplayArgs;

use store::{Ambient, Log, Role};

use crate::config::Settings;
use crate::{read_models, tenants, vault_config};

/// Runs `annals replay`.
///
/// # Errors
/// When there is nothing of that name, a step has no test, or the database is away.
pub async fn run(url: &str, settings: &Settings, ambient: Ambient, args: ReplayArgs) -> anyhow::Result<()> {
    let vault = vault_config::vault(url, &ambient, settings).await?;
    let log = Log::new(store::pool(url, Role::Projector, 2)?).opened_by(vault.clone());
    let tenant = tenants::find(&log, &args.tenant).await?;
    let past = read_models::past(url, vault, settings.gateway.limits().past())?;
    match &args.entity {
        Some(entity) => {
            let stream = projections::stream_named(tenant, entity)?;
            if let Some(step) = args.as_test {
                return as_test::run(&log, &stream, step, args.name.as_deref()).await;
            }
            entity::run(&past, url, &stream, &args).await
        }
        None => player::run(&past, ambient.now(), tenant, &args).await,
    }
}
