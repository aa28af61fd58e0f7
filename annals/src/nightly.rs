//! Every night, as long as the process lives: issued invoices are folded again, and what differs is an event; and a sample
//! is taken of how much each tenant keeps. In the first night of a month, and the first of the process, the reports of the
//! last months are frozen.

use std::time::Duration;

use api::invoicing::{Invoicing, Month, Unverifiable, Verdict};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use projections::invoice::InvoiceRow;
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::{invoices, roi, storage, tenants};

/// From which hour on (UTC) it is night.
const HOUR: i8 = 2;

/// How many months before the present one are frozen: outcomes of the oldest have settled.
const MONTHS: u32 = 3;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(60);

/// The running duty. It ends when it is dropped.
#[derive(Debug)]
pub struct Nightly {
    tasks: JoinSet<()>,
    /// The last night whose work is done.
    done: watch::Receiver<Option<Date>>,
}

impl Nightly {
    /// Begins to wait for the night.
    #[must_use]
    pub fn start(store: Store, invoicing: Invoicing) -> Self {
        Self::start_looking(store, invoicing, LOOK)
    }

    /// The same, looking at the clock so often.
    #[must_use]
    pub fn start_looking(store: Store, invoicing: Invoicing, look: Duration) -> Self {
        // A process that begins by day waits for its first night, whenever its task is let run.
        let begun = night(&store);
        let (tell, done) = watch::channel(None);
        let mut tasks = JoinSet::new();
        tasks.spawn(every_night((store, invoicing), look, begun, tell));
        Self { tasks, done }
    }

    /// Waits until the work of a night is done.
    ///
    /// # Errors
    /// When the duty has ended before.
    pub async fn seen_to(&mut self, night: Date) -> anyhow::Result<()> {
        self.done
            .wait_for(|done| done.is_some_and(|done| done >= night))
            .await?;
        Ok(())
    }

    /// Ends it: what it folds is let go.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// The day whose night it is; `None` before the hour.
fn night(store: &Store) -> Option<Date> {
    let now = store.ambient().now().to_zoned(TimeZone::UTC);
    (now.hour() >= HOUR).then(|| now.date())
}

async fn every_night(
    (store, invoicing): (Store, Invoicing),
    look: Duration,
    mut last: Option<Date>,
    done: watch::Sender<Option<Date>>,
) {
    let mut looks = interval(look);
    let mut frozen = None;
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Some(date) = night(&store).filter(|date| last != Some(*date)) else {
            continue;
        };
        last = Some(date);
        if let Err(error) = verify(&store, &invoicing).await {
            tracing::warn!(error = %format!("{error:#}"), "annals.nightly broke off");
        }
        if let Err(error) = weigh(&store, date).await {
            tracing::warn!(error = %format!("{error:#}"), "annals.nightly could not weigh");
        }
        let month = date.first_of_month();
        if frozen != Some(month) {
            match freeze(&store, &invoicing, date).await {
                Ok(()) => frozen = Some(month),
                Err(error) => {
                    tracing::warn!(error = %format!("{error:#}"), "annals.nightly could not freeze")
                }
            }
        }
        done.send_replace(Some(date));
    }
}

async fn verify(store: &Store, invoicing: &Invoicing) -> anyhow::Result<()> {
    for (tenant, _) in tenants::list(store.log()).await? {
        invoicing.verify_all(&invoices::itself(tenant), tell).await?;
    }
    Ok(())
}

/// A sample of what each tenant keeps. One that admits no facts is left out.
async fn weigh(store: &Store, night: Date) -> anyhow::Result<()> {
    for (tenant, _) in tenants::list(store.log()).await? {
        if let Err(error) = storage::sample(store, tenant, night).await {
            tracing::warn!(%tenant, error = %format!("{error:#}"), "annals.nightly could not weigh {tenant}");
        }
    }
    Ok(())
}

/// Freezes the months before a day: what came late or has settled since makes a snapshot that takes the place of the last.
async fn freeze(store: &Store, invoicing: &Invoicing, date: Date) -> anyhow::Result<()> {
    let mut month = Month::before(date);
    for _ in 0..MONTHS {
        for (tenant, slug) in tenants::list(store.log()).await? {
            match roi::freeze(store, invoicing, tenant, month).await {
                Ok(frozen) => metrics::counter!("annals_roi_frozen_total").increment(frozen.into()),
                Err(error) => {
                    tracing::warn!(%slug, %month, error = %format!("{error:#}"), "annals.nightly skipped")
                }
            }
        }
        month = Month::before(month.days().0);
    }
    Ok(())
}

fn tell(row: &InvoiceRow, verdict: Result<Verdict, Unverifiable>) {
    let word = match verdict {
        Ok(Verdict::Same) => "same",
        Ok(Verdict::Different { folded, .. }) => {
            let (tenant, id, issued) = (row.tenant_id, &row.id, row.bill.total());
            tracing::error!(%tenant, %id, %issued, %folded, "annals.nightly found that {id} is not what the log says");
            "different"
        }
        Err(error) => {
            let (tenant, id) = (row.tenant_id, &row.id);
            tracing::warn!(%tenant, %id, %error, "annals.nightly could not fold {id} again");
            "unverifiable"
        }
    };
    metrics::counter!("annals_invoices_verified_total", "verdict" => word).increment(1);
}
