//! `annals read-model`: where each read model is, and what administrators do with them.

mod args;
mod diff;
mod explain;
mod figures;
mod print;
mod progress;
mod verify;

pub use args::{Policy, ReadModelCommand};
pub use figures::Figures;
pub(crate) use verify::place;

use std::sync::Arc;

use anyhow::{Context as _, bail};
use domain::{Event, StreamId};
use projections::{
    BuildState, Listing, Look, OperationError, Operations, Order, Past, PastLimits, Reader, Scope,
};
use store::{Log, Role, Vault};

use crate::config::Settings;
use crate::output::say;
use crate::{ambient, tenants, vault_config};
use args::{Part, RebuildArgs, StatusArgs};
use print::print_all;

/// Enough for a rebuild that reads, folds and writes at once, and for a switch beside it.
const CONNECTIONS: u32 = 8;

/// The operations on the read models of a database.
///
/// # Errors
/// When the URL is none.
pub fn operations(url: &str, vault: Option<Vault>, memory_bytes: usize) -> anyhow::Result<Operations> {
    let pool = store::pool(url, Role::Projector, CONNECTIONS)?;
    let log = Log::new(pool.clone()).opened_by(vault);
    let models = projections::all().into_iter().map(Arc::from).collect();
    Ok(Operations::new(pool, log, models).with_memory(memory_bytes))
}

/// The past of the read models of a database, in the eyes of a projector, who sees all tenants' rows.
///
/// # Errors
/// When the URL is none.
pub fn past(url: &str, vault: Option<Vault>, limits: PastLimits) -> anyhow::Result<Past> {
    let pool = store::pool(url, Role::Projector, 2)?;
    let log = Log::new(pool.clone()).opened_by(vault);
    Ok(Past::new(Reader::new(pool), log, limits))
}

/// Runs `annals read-model`.
///
/// # Errors
/// When the operation is refused, or the database is away.
pub async fn run(url: &str, settings: &Settings, command: ReadModelCommand) -> anyhow::Result<()> {
    let vault = vault_config::vault(url, &ambient::system(), settings).await?;
    let operations = operations(url, vault.clone(), settings.projector.options().memory_bytes)?;
    let limits = settings.gateway.limits().past();
    let log = Log::new(store::pool(url, Role::Projector, 2)?).opened_by(vault.clone());
    match command {
        ReadModelCommand::List { json } => print_all(&operations.status().await?, json.into(), print::name),
        ReadModelCommand::Status(args) => status(&operations, &log, args).await,
        ReadModelCommand::Rebuild(args) => rebuild(&operations, &log, args).await,
        ReadModelCommand::Diff { name, limit, json } => {
            let listing = Listing { after: None, limit };
            let found = operations.diff(&name, &listing).await?;
            diff::show(&past(url, vault, limits)?, &found, json.into()).await
        }
        ReadModelCommand::Accept { name } => {
            let diff = operations.accept(&name).await?;
            say!("accepted {}", print::counts(&diff))?;
            Ok(())
        }
        ReadModelCommand::Switch { name } => {
            let diff = operations.switch(&name).await?;
            say!("{name}: build {} is live; {}", diff.build, print::counts(&diff))?;
            say!(
                "`annals read-model rollback {name}` goes back to build {}",
                diff.live
            )?;
            Ok(())
        }
        ReadModelCommand::Rollback { name } => {
            let build = operations.rollback(&name).await?;
            say!("{name}: build {} is live again", build.build)?;
            Ok(())
        }
        ReadModelCommand::Discard { name } => {
            let build = operations.discard(&name).await?;
            say!("{name}: build {} is discarded", build.build)?;
            Ok(())
        }
        ReadModelCommand::Parked { name, json } => {
            let mut parked = operations.parked().await?;
            parked.retain(|parked| name.as_ref().is_none_or(|name| *name == parked.name));
            print_all(&parked, json.into(), print::parked)
        }
        ReadModelCommand::Verify(args) => {
            let tenant = match &args.tenant {
                Some(tenant) => Some(tenants::find(&log, tenant).await?),
                None => None,
            };
            verify::run(&past(url, vault, limits)?, tenant, args).await
        }
        ReadModelCommand::Explain(args) => {
            let tenant = tenants::find(&log, &args.tenant).await?;
            explain::run(&past(url, vault, limits)?, tenant, args).await
        }
        ReadModelCommand::Resume { name, tenant, stream } => {
            let stream = match (tenant, stream) {
                (Some(tenant), Some(stream)) => Some(stream_id(&log, &tenant, &stream).await?),
                (None, None) => None,
                _ => bail!("name the tenant and the stream, or neither to resume all that is parked"),
            };
            resume(&operations, &name, stream).await
        }
    }
}

async fn status(operations: &Operations, log: &Log, args: StatusArgs) -> anyhow::Result<()> {
    let shape = args.json.into();
    if args.tenants {
        let look = Look {
            events: u32::MAX,
            tenants: usize::MAX,
        };
        let behind = operations.behind(look).await?;
        let waiting: Vec<_> = behind.into_iter().flat_map(|of| of.worst).collect();
        if waiting.is_empty() && shape == print::Shape::People {
            say!("no tenant waits for a read model")?;
        }
        return print_all(&waiting, shape, print::tenant_status);
    }
    let Some(tenant) = &args.tenant else {
        return print_all(&operations.status().await?, shape, print::status);
    };
    let tenant = tenants::find(log, tenant).await?;
    print_all(&operations.status_of(tenant).await?, shape, print::tenant_status)
}

async fn rebuild(operations: &Operations, log: &Log, args: RebuildArgs) -> anyhow::Result<()> {
    let scope = scope(log, &args.part).await?;
    let name = args.name.as_str();
    if args.dry_run {
        let estimate = operations.estimate(name, &scope).await?;
        say!(
            "{name}: {} events to read, {} rows now, about {} s; nothing was changed",
            estimate.events,
            estimate.rows,
            estimate.expected_ms.div_ceil(1_000)
        )?;
        return Ok(());
    }
    let order = Order {
        scope,
        policy: args.policy.into(),
        switch_when_ready: args.switch,
    };
    let build = operations.rebuild(name, order).await?;
    progress::fill(operations, &build).await?;
    if args.switch {
        match operations.switch(name).await {
            Ok(diff) => say!("{name}: build {} is live; {}", diff.build, print::counts(&diff))?,
            // A running projector may have been quicker.
            Err(OperationError::NoBuild { .. }) => say!("{name}: build {} is live", build.build)?,
            Err(error) => return Err(error.into()),
        }
        return Ok(());
    }
    let ready =
        operations.builds().await?.into_iter().find(|other| {
            other.name == name && other.build == build.build && other.state == BuildState::Ready
        });
    if ready.is_some() {
        say!(
            "{name}: build {} is ready: `annals read-model diff {name}`, then `switch`",
            build.build
        )?;
    }
    Ok(())
}

async fn scope(log: &Log, part: &Part) -> anyhow::Result<Scope> {
    let Some(tenant) = &part.tenant else {
        return Ok(Scope::default());
    };
    let tenant = tenants::find(log, tenant).await?;
    let key = (!part.key.is_empty()).then(|| {
        let mut key = vec![tenant.to_string()];
        key.extend(part.key.clone());
        key
    });
    Ok(Scope {
        tenant: Some(tenant),
        key,
    })
}

async fn resume(operations: &Operations, name: &str, stream: Option<StreamId>) -> anyhow::Result<()> {
    if let Some(stream) = stream {
        let events = operations.resume(name, &stream).await?;
        say!(
            "{name}: {events} events of {}/{} were folded",
            stream.aggregate_type,
            stream.id
        )?;
        return Ok(());
    }
    let mut refused = 0;
    for (parked, outcome) in operations.resume_all(name).await? {
        let stream = format!("{}/{}", parked.stream.aggregate_type, parked.stream.id);
        match outcome {
            Ok(events) => say!("{name}: {events} events of {stream} were folded")?,
            Err(error) => {
                refused += 1;
                say!("{name}: {stream}: {error}")?;
            }
        }
    }
    if refused > 0 {
        bail!("{refused} streams still wait");
    }
    Ok(())
}

async fn stream_id(log: &Log, tenant: &str, stream: &str) -> anyhow::Result<StreamId> {
    let tenant = tenants::find(log, tenant).await?;
    let (kind, id) = stream
        .split_once('/')
        .context("the stream: give aggregate type and id, as lead/01K...")?;
    let known = Event::AGGREGATE_TYPES.iter().find(|known| **known == kind);
    let aggregate_type = known.with_context(|| {
        format!(
            "there is no aggregate {kind}; there are {}",
            Event::AGGREGATE_TYPES.join(", ")
        )
    })?;
    Ok(StreamId {
        aggregate_type,
        tenant,
        id: id.to_owned(),
    })
}
