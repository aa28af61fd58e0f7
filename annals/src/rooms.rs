//! The rooms put together: what a process of some roles holds, and its HTTP routes.

use std::sync::Arc;

use anyhow::Context as _;
use api::watching::Watching;
use api::{Authenticator, TokenSource};
use domain::api_key::Scope;
use ingest::Hearer;
use metrics_exporter_prometheus::PrometheusBuilder;
use projections::{Past, Reader};
use store::{Ambient, Store};
use streams::webhooks::Senders;
use tokio::net::TcpListener;

use crate::ambient;
use crate::cli::Role;
use crate::config::Settings;
use crate::import::Importer;
use crate::intake::Reading;
use crate::nightly::Nightly;
use crate::personal::Retaining;
use crate::projecting::Projecting;
use crate::read_models::Figures;
use crate::relaying::Relaying;
use crate::sealing::Sealing;
use crate::tls::Tls;
use crate::verification::Verification;
use crate::webhook_inbox::Receiving;
use crate::{audit, invoices, listen, read_models, vault_config};

const GATEWAY_CONNECTIONS: u32 = 12;
const WATCHING_CONNECTIONS: u32 = 5;

/// The open rooms of one process.
pub struct Rooms {
    /// The event log.
    pub store: Store,
    /// The read models, as the gateway sees them.
    pub reader: Reader,
    projecting: Option<Projecting>,
    verification: Option<Verification>,
    retaining: Option<Retaining>,
    nightly: Option<Nightly>,
    watching: Option<Watching>,
    sealing: Option<Sealing>,
    relay: Option<Relaying>,
    intake: Option<Reading>,
    receiving: Option<Receiving>,
    senders: Option<Senders>,
    figures: Figures,
    service: listen::Service,
}

impl Rooms {
    /// Opens the rooms that the roles need, on a database that is migrated.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn open(
        url: &str,
        ambient: Ambient,
        settings: &Settings,
        admin_token: Option<&str>,
        roles: &[Role],
    ) -> anyhow::Result<Self> {
        let metrics = PrometheusBuilder::new()
            .install_recorder()
            .context("the metrics recorder")?;
        let store = vault_config::store(url, ambient, settings)
            .await
            .context("the event log")?;
        let reader = Reader::new(store::pool(url, store::Role::Gateway, GATEWAY_CONNECTIONS)?);
        let projecting = match roles.contains(&Role::Projector) {
            true => Some(Projecting::start(&store, url, settings).await?),
            false => None,
        };

        let verification = match settings.projector.verification() {
            Some(rate) if projecting.is_some() => Some(Verification::start(
                read_models::past(url, store.vault().cloned(), settings.gateway.limits().past())?,
                store.ambient().clone(),
                rate,
            )),
            _ => None,
        };

        let retaining = projecting.as_ref().map(|_| Retaining::start(store.clone()));

        let nightly = match projecting.is_some() {
            true => Some(Nightly::start(store.clone(), invoices::invoicing(url, &store)?)),
            false => None,
        };

        let watching = match projecting.is_some() {
            true => {
                let reader = Reader::new(store::pool(url, store::Role::Projector, WATCHING_CONNECTIONS)?);
                let limits = settings.gateway.limits().past();
                let past = Past::new(reader.clone(), store.log().clone(), limits);
                Some(Watching::start(store.clone(), reader, past))
            }
            false => None,
        };

        let sealing = if roles.contains(&Role::Sealer) {
            let options = settings.seal.options(&settings.data_dir);
            Some(Sealing::start(url, &store, options).await?)
        } else {
            None
        };

        let relay = match roles.contains(&Role::Relay) {
            true => Some(Relaying::start(&store, url, &settings.relay)?),
            false => None,
        };

        let webhook_key = settings.webhooks.key(&settings.data_dir, roles)?;
        let senders = match (roles.contains(&Role::Webhooks), &webhook_key) {
            (true, Some(key)) => {
                let started = Senders::start(&store, url, settings.webhooks.settings(key.clone())?);
                Some(
                    started
                        .map_err(anyhow::Error::from_boxed)
                        .context("the senders of webhooks")?,
                )
            }
            _ => None,
        };

        let mut options = api::Options::new(store.clone(), reader.clone(), Arc::new(Tokens));
        let memory_bytes = settings.projector.options().memory_bytes;
        let operations = read_models::operations(url, store.vault().cloned(), memory_bytes)?;
        let figures = Figures::start(operations.clone());
        options.operations = Some(operations);
        options.admin_token_sha256 = admin_token.map(api::token_hash);
        options.invoice_series = settings.invoice_series.into();
        options.development = settings.mode == Some(crate::config::Mode::Development);
        settings.access.apply(&mut options)?;
        options.limits = settings.gateway.limits();
        options.plan_buckets = settings.gateway.buckets()?;
        options.persisted_documents = settings.gateway.documents()?;
        let of_read_models = figures.text();
        options.webhook_key = webhook_key;
        options.metrics = Arc::new(move || metrics.render() + &of_read_models.borrow());
        options.csv_import = Some(Arc::new(Importer::new(store.clone(), settings.data_dir.clone())));
        let drain = options.drain.clone();
        let authenticator = Authenticator::new(&options);
        let witness = authenticator.clone();
        let hearer =
            Hearer::new(move |tenant, connector, said| witness.not_taken_of(tenant, connector, said));
        let intake = match roles.contains(&Role::Ingest) {
            true => Reading::start(&store, settings, hearer.clone()).await?,
            false => None,
        };
        let mut router = if roles.contains(&Role::Api) {
            api::router(options.clone())
        } else {
            api::operations(options.clone())
        };
        let mut receiving = None;
        if roles.contains(&Role::Ingest) {
            if let Some((task, routes)) =
                Receiving::start((&store, url), settings, authenticator.clone(), hearer).await?
            {
                router = router.merge(api::observed(routes, &options));
                receiving = Some(task);
            }
            let events =
                ingest::cloud_events::router(store.clone(), ingest::cloud_events::Options::default());
            let traces = ingest::telemetry::router(store.clone(), ingest::telemetry::Options::default());
            let events = api::protect(events.merge(traces), authenticator, Scope::Ingest);
            router = router.merge(api::observed(events, &options));
        }
        if roles.contains(&Role::Api) {
            let exports = streams::export_router(store.log().clone(), streams::ExportOptions::default());
            let authenticator = Authenticator::new(&options);
            let exports = api::telling_exports(exports, authenticator.clone());
            let exports = api::protect(exports, authenticator, Scope::Read);
            router = router.merge(api::observed(exports, &options));
            let feed = audit::feed_router(audit::FeedDoor {
                log: store.log().clone(),
                reader: reader.clone(),
                past: options.past.clone().with_limits(options.limits.past()),
                wait: options.limits.wait(),
            });
            let feed = api::protect_read(feed, Authenticator::new(&options), ("audit_feed", "export"));
            router = router.merge(api::observed(feed, &options));
        }
        Ok(Self {
            store,
            reader,
            projecting,
            verification,
            retaining,
            nightly,
            watching,
            sealing,
            relay,
            intake,
            receiving,
            senders,
            figures,
            service: listen::Service {
                router,
                tls: settings.access.tls()?.map(Tls::open).transpose()?,
                head_within: settings.gateway.limits().head(),
                drain,
            },
        })
    }

    /// Serves HTTP until the signal comes, lets requests end, then stops the projector and the log.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) {
        listen::serve(listener, self.service, stop).await;
        if let Some(intake) = self.intake {
            intake.stop().await;
        }
        if let Some(receiving) = self.receiving {
            receiving.stop().await;
        }
        if let Some(senders) = self.senders {
            senders.stop().await;
        }
        if let Some(relay) = self.relay {
            relay.stop().await;
        }
        if let Some(verification) = self.verification {
            verification.stop().await;
        }
        if let Some(watching) = self.watching {
            watching.stop().await;
        }
        if let Some(nightly) = self.nightly {
            nightly.stop().await;
        }
        if let Some(projecting) = self.projecting {
            projecting.stop().await;
        }
        if let Some(retaining) = self.retaining {
            retaining.stop().await;
        }
        if let Some(sealing) = self.sealing {
            sealing.stop().await;
        }
        drop(self.figures);
    }
}

/// Secrets from the operating system.
struct Tokens;

impl TokenSource for Tokens {
    fn token(&self) -> String {
        format!("annals_{}", ambient::secret())
    }
}
