//! Webhooks that come in: as a part of a process, and by hand.

use std::sync::Arc;

use anyhow::Context as _;
use api::Authenticator;
use axum::Router;
use ingest::Hearer;
use ingest::webhooks::{Options, Order, Processing, TurnedAway, router};
use serde_json::json;
use store::{Ambient, Found, Store};
use tokio::sync::Notify;

use crate::cli::{FoundArgs, WebhooksCommand};
use crate::config::Settings;
use crate::output::say;
use crate::vault_config;

/// Routes of the sources, and the task that goes through what came.
#[derive(Debug)]
pub struct Receiving {
    processing: Processing,
}

impl Receiving {
    /// Begins to take webhooks; `None` when there are no sources. The hearer is told what is refused of them.
    ///
    /// # Errors
    /// When a source is not of its form, or its tenant is not there.
    pub async fn start(
        (store, url): (&Store, &str),
        settings: &Settings,
        authenticator: Authenticator,
        hearer: Hearer,
    ) -> anyhow::Result<Option<(Self, Router)>> {
        let given = &settings.webhook_sources;
        let sources = Arc::new(given.sources(store.log()).await?);
        if sources.is_empty() {
            return Ok(None);
        }
        let arrived = Arc::new(Notify::new());
        let turned_away: TurnedAway = Arc::new(move |extensions, turned| {
            let asked = format!("/v1/webhooks/{}", turned.source);
            authenticator.turned_away(
                extensions,
                (turned.tenant, turned.source),
                (turned.reason, turned.message),
                asked,
            );
        });
        let body_bytes = given
            .webhook_body_bytes
            .unwrap_or(ingest::webhooks::DEFAULT_BODY_BYTES);
        let options = Options {
            sources: Arc::clone(&sources),
            body_bytes,
            turned_away,
            arrived: Arc::clone(&arrived),
        };
        let processing = Processing::start(
            store,
            url,
            Order {
                sources,
                arrived,
                hearer,
                keep: given.keep(),
            },
        );
        Ok(Some((Self { processing }, router(store.clone(), options))))
    }

    /// Ends it.
    pub async fn stop(self) {
        self.processing.stop().await;
    }
}

/// How many deliveries are read at once.
const PAGE: i64 = 500;

/// Runs `annals ingest webhooks`.
///
/// # Errors
/// When the database is away.
pub async fn run(
    url: &str,
    settings: &Settings,
    ambient: Ambient,
    command: WebhooksCommand,
) -> anyhow::Result<()> {
    let store = vault_config::store(url, ambient, settings)
        .await
        .context("the event log")?;
    let inbox = store.inbox();
    match command {
        WebhooksCommand::List { found, json } => {
            let mut found = Found::from(found);
            let mut count = 0;
            loop {
                let page = inbox.list(&found, PAGE).await?;
                for delivery in &page {
                    let taken = &delivery.taken;
                    let body = match delivery.blanked_at {
                        None => Some(String::from_utf8_lossy(&taken.body)),
                        Some(_) => None,
                    };
                    if json {
                        let line = json!({
                            "number": delivery.number,
                            "source": taken.source,
                            "id": taken.id,
                            "type": taken.event_type,
                            "received_at": taken.received_at,
                            "state": delivery.state.to_string(),
                            "note": delivery.note,
                            "runs": delivery.runs,
                            "body": body,
                            "blanked_at": delivery.blanked_at,
                        });
                        say!("{line}")?;
                    } else {
                        let note = delivery.note.as_deref().unwrap_or_default();
                        say!(
                            "{:>8} {} {} {} {} {} {note}",
                            delivery.number,
                            taken.received_at,
                            taken.source,
                            taken.id,
                            taken.event_type,
                            delivery.state
                        )?;
                    }
                }
                count += page.len();
                match page.last() {
                    Some(last) => found.after = last.number,
                    None => break,
                }
            }
            eprintln!("{count} deliveries");
        }
        WebhooksCommand::Replay { found } => {
            let replayed = inbox.replay(&found.into()).await?;
            say!("{replayed} deliveries are processed once more, by whoever runs the role ingest")?;
        }
    }
    Ok(())
}

impl From<FoundArgs> for Found {
    fn from(args: FoundArgs) -> Self {
        Self {
            source: args.source,
            id: args.id,
            state: args.state,
            after: args.after.unwrap_or_default(),
        }
    }
}
