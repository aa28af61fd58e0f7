//! `annals retention`, and the task that applies the rules.

use std::time::Duration;

use domain::retention::{Command, Refusal, Retention};
use domain::{Actor, ActorKind, Caller, Event};
use store::{Orders, RetentionError, Store, StoreError, retention_id};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::args::RetentionCommand;
use super::commands::caller;
use crate::config::Settings;
use crate::output::say;
use crate::{ambient, vault_config};

const EVERY: Duration = Duration::from_secs(3_600);

/// Runs `annals retention`.
///
/// # Errors
/// When a rule refuses, or the log is away.
pub async fn retention(url: &str, settings: &Settings, command: RetentionCommand) -> anyhow::Result<()> {
    let store = vault_config::store(url, ambient::system(), settings).await?;
    match command {
        RetentionCommand::Set {
            tenant,
            event_type,
            days,
        } => {
            let caller = caller(&store, &tenant).await?;
            let command = Command::SetRule {
                event_type: event_type.clone(),
                days,
            };
            execute(&store, &caller, command).await?;
            say!("personal data of {event_type} is kept for {days} days")?;
        }
        RetentionCommand::Remove { tenant, event_type } => {
            let caller = caller(&store, &tenant).await?;
            let command = Command::RemoveRule {
                event_type: event_type.clone(),
            };
            execute(&store, &caller, command).await?;
            say!("personal data of {event_type} is kept for ever")?;
        }
        RetentionCommand::List { tenant } => {
            let caller = caller(&store, &tenant).await?;
            for (event_type, days) in rules(&store, &caller).await? {
                say!("{event_type}  {days} days")?;
            }
        }
        RetentionCommand::Apply { tenant } => {
            let caller = caller(&store, &tenant).await?;
            for (event_type, _) in rules(&store, &caller).await? {
                match store.apply_retention(&caller, &event_type).await {
                    Ok(position) => say!("{event_type}: erased at position {position}")?,
                    Err(RetentionError::Log(StoreError::Refused(refusal @ Refusal::NothingDue(..)))) => {
                        say!("{refusal}")?;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    Ok(())
}

async fn execute(store: &Store, caller: &Caller, command: Command) -> anyhow::Result<()> {
    let id = retention_id(caller.tenant);
    store
        .execute::<Retention>(caller, &id, Orders::one(command))
        .await?;
    Ok(())
}

/// A tenant's rules: event types, each with its days.
async fn rules(store: &Store, caller: &Caller) -> anyhow::Result<Vec<(String, u32)>> {
    let head = store.log().head().await?;
    let events = store.log().of_kind(caller.tenant, "retention", head).await?;
    let changes = events.into_iter().filter_map(|event| match event.event {
        Event::Retention(change) => Some(change),
        _ => None,
    });
    Ok(Retention::of(changes)
        .rules()
        .iter()
        .map(|(event_type, days)| (event_type.clone(), *days))
        .collect())
}

/// The running task that applies the rules of all tenants.
#[derive(Debug)]
pub struct Retaining {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Retaining {
    /// Begins: now, and every hour.
    #[must_use]
    pub fn start(store: Store) -> Self {
        let (stop, mut stopping) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = stopping.wait_for(|stop| *stop) => return,
                }
                if let Err(error) = apply_all(&store).await {
                    tracing::error!(%error, "annals.retention could not be applied, and is tried again in an hour");
                }
            }
        });
        Self { stop, task }
    }

    /// Ends it.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        drop(self.task.await);
    }
}

async fn apply_all(store: &Store) -> anyhow::Result<()> {
    for tenant in store.tenants_with_retention().await? {
        let caller = Caller::new(tenant, Actor::new(ActorKind::System, "retention"));
        for (event_type, _) in rules(store, &caller).await? {
            match store.apply_retention(&caller, &event_type).await {
                Ok(position) => {
                    tracing::info!(%tenant, event_type, position, "annals.retention erased what is due");
                }
                Err(RetentionError::Log(StoreError::Refused(Refusal::NothingDue(..)))) => {}
                Err(error) => tracing::error!(%error, %tenant, event_type, "annals.retention can't erase"),
            }
        }
    }
    Ok(())
}
