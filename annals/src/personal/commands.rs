//! Forgetting a person, and everything that is known about one.

use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::subject::{Command, Subject};
use domain::{Actor, ActorKind, Caller};
use projections::Projector;
use store::{Orders, Role, Sealer, Store};
use tokio::time::{MissedTickBehavior, interval};

use super::args::{ForgetArgs, HoldArgs, SubjectCommand};
use crate::config::Settings;
use crate::output::{say, write};
use crate::{ambient, read_models, tenants, told, vault_config};

/// How often it is looked whether the certificate is signed, and how many times.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 400;

/// Runs `annals forget`: erases, takes the erasure through the read models, and prints the certificate.
///
/// # Errors
/// When the subject is none or under legal hold, or the log is away.
pub async fn forget(url: &str, settings: &Settings, args: ForgetArgs) -> anyhow::Result<()> {
    let store = vault_config::store(url, ambient::system(), settings).await?;
    let caller = caller(&store, &args.tenant).await?;
    let forgotten = store.forget(&caller, &args.subject, &args.reason).await?;
    let position = forgotten.position;
    let pool = store::pool(url, Role::Projector, 4)?;
    let projector = Projector::start(&store, pool.clone(), projections::all());
    projector.wait_for(position).await?;
    projector.stop().await;
    if store.certificate(caller.tenant, position).await?.is_none() {
        let options = settings.seal.options(&settings.data_dir);
        let signed = match Sealer::open(pool, store.ambient().clone(), options).await {
            Ok(sealer) => sealer.certify().await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = signed {
            eprintln!("the certificate is left to the sealer: {error}");
        }
    }
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..LOOKS {
        ticks.tick().await;
        if let Some(note) = store.certificate(caller.tenant, position).await? {
            match &args.to {
                Some(file) => {
                    std::fs::write(file, note).with_context(|| file.display().to_string())?;
                    say!("{} is forgotten: {}", args.subject, file.display())?;
                }
                None => write(format_args!("{note}"))?,
            }
            return Ok(());
        }
    }
    bail!(
        "{} is forgotten (position {position}), and the certificate is not signed yet: it needs the key that seals; \
         ask again where it is, or when a sealer runs",
        args.subject
    )
}

/// Runs `annals subject`.
///
/// # Errors
/// When nothing is known about the subject, a rule refuses, or the log is away.
pub async fn subject(url: &str, settings: &Settings, command: SubjectCommand) -> anyhow::Result<()> {
    let store = vault_config::store(url, ambient::system(), settings).await?;
    match command {
        SubjectCommand::Show { tenant, subject } => {
            let caller = caller(&store, &tenant).await?;
            let Some(known) = store.subject(caller.tenant, &subject).await? else {
                bail!("nothing is known about {subject} in this tenant");
            };
            say!(
                "{subject}: {} data keys, {} destroyed",
                known.keys,
                known.destroyed_keys
            )?;
            for hold in known.holds {
                say!("under the legal hold {hold}")?;
            }
            for (position, at) in known.forgotten {
                say!("forgotten at position {position} ({at})")?;
            }
            Ok(())
        }
        SubjectCommand::Export { tenant, subjects } => {
            let caller = caller(&store, &tenant).await?;
            let memory = settings.projector.options().memory_bytes;
            let operations = read_models::operations(url, store.vault().cloned(), memory)?;
            let mut lines = Vec::new();
            for subject in &subjects {
                let about = operations.about(caller.tenant, subject).await?;
                if about.events.is_empty() {
                    bail!("nothing is known about {subject} in this tenant");
                }
                lines.extend(about.lines());
            }
            if settings.access.tells_reads() {
                let targets = subjects
                    .iter()
                    .map(|subject| format!("annals subject export {subject}"));
                let targets: Vec<String> = targets.collect();
                let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
                told::tell(&store, caller.tenant, &targets).await?;
            }
            for line in lines {
                say!("{line}")?;
            }
            Ok(())
        }
        SubjectCommand::Hold(args) => {
            let command = Command::PlaceHold {
                hold: args.hold.clone(),
                reason: args.reason.clone(),
            };
            hold(&store, &args, command).await?;
            say!("{} is under the legal hold {}", args.subject, args.hold)?;
            Ok(())
        }
        SubjectCommand::Lift(args) => {
            let command = Command::LiftHold {
                hold: args.hold.clone(),
                reason: args.reason.clone(),
            };
            hold(&store, &args, command).await?;
            say!("{}: the legal hold {} is lifted", args.subject, args.hold)?;
            Ok(())
        }
    }
}

async fn hold(store: &Store, args: &HoldArgs, command: Command) -> anyhow::Result<()> {
    let caller = caller(store, &args.tenant).await?;
    store
        .execute::<Subject>(&caller, &args.subject, Orders::one(command))
        .await?;
    Ok(())
}

/// The operator at the command line.
pub(super) async fn caller(store: &Store, tenant: &str) -> anyhow::Result<Caller> {
    let tenant = tenants::find(store.log(), tenant).await?;
    Ok(Caller::new(tenant, Actor::new(ActorKind::System, "operator")))
}
