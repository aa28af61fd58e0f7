//! `annals roi`: a return on the command line, and months frozen.

use anyhow::Context as _;
use api::freezing::freeze_month;
use api::invoicing::{Invoicing, Month};
use clap::{Args, Subcommand};
use domain::roi::{DEFAULT_HALF_LIFE_DAYS, Value, terms_of};
use domain::roi_snapshot::Report;
use domain::{Actor, ActorKind, Caller, Currency, TenantId, Vertical};
use jiff::civil::Date;
use projections::roi::RoiWish;
use store::{Ambient, Store};

use crate::config::Settings;
use crate::invoices::{WhoseArgs, invoicing};
use crate::output::say;
use crate::told::Act;
use crate::{tenants, vault_config};

/// What to do with returns.
#[derive(Subcommand, Debug)]
pub enum RoiCommand {
    /// Tell what agents brought in and cost in some days, in words and figures
    Report(ReportArgs),
    /// Freeze a month's reports, one a line of business; those in which nothing has changed stay as they are
    Freeze {
        /// Whose
        #[command(flatten)]
        whose: WhoseArgs,
        /// The month, for instance 2026-10
        #[arg(long, value_name = "MONTH")]
        period: Month,
    },
}

impl RoiCommand {
    /// What is told of it when it is refused.
    pub(crate) fn act(&self) -> Option<Act> {
        match self {
            Self::Freeze { whose, period } => {
                let act = Act::new("roi freeze", [period.to_string()]).being_events();
                Some(act.of(whose.tenant.clone()))
            }
            Self::Report(_) => None,
        }
    }
}

/// Which report.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// The line of business; all together when left out
    #[arg(long)]
    pub vertical: Option<Vertical>,
    /// The first day, in the tenant's zone
    #[arg(long, value_name = "DAY")]
    pub from: Date,
    /// The last day
    #[arg(long, value_name = "DAY")]
    pub to: Date,
    /// The currency
    #[arg(long)]
    pub currency: Currency,
}

/// The program in its own name.
fn itself(tenant: TenantId) -> Caller {
    Caller::new(tenant, Actor::new(ActorKind::System, "roi"))
}

/// Runs `annals roi`.
///
/// # Errors
/// When the tenant is none, the report can't be told, or the database is away.
pub async fn run(
    url: &str,
    settings: &Settings,
    ambient: Ambient,
    command: RoiCommand,
) -> anyhow::Result<()> {
    let store = vault_config::store(url, ambient, settings).await?;
    let invoicing = invoicing(url, &store)?;
    match command {
        RoiCommand::Report(args) => report(&store, &invoicing, args).await,
        RoiCommand::Freeze { whose, period } => {
            let all = match &whose.tenant {
                Some(tenant) => vec![(tenants::find(store.log(), tenant).await?, tenant.clone())],
                None => tenants::list(store.log()).await?,
            };
            for (tenant, slug) in all {
                let frozen = freeze(&store, &invoicing, tenant, period).await;
                say!("{slug}: {} frozen", frozen.with_context(|| slug.clone())?)?;
            }
            Ok(())
        }
    }
}

/// Freezes a tenant's month; how many reports were frozen.
///
/// # Errors
/// When a report can't be told, or the log does not take it.
pub async fn freeze(
    store: &Store,
    invoicing: &Invoicing,
    tenant: TenantId,
    month: Month,
) -> anyhow::Result<u32> {
    let from = (store, invoicing.reader(), invoicing.past());
    Ok(freeze_month(from, &itself(tenant), month).await?)
}

async fn report(store: &Store, invoicing: &Invoicing, args: ReportArgs) -> anyhow::Result<()> {
    let tenant = tenants::find(store.log(), &args.tenant).await?;
    let terms = terms_of(args.vertical.as_ref());
    let wish = RoiWish {
        report: Report {
            vertical: args.vertical,
            first_day: args.from,
            last_day: args.to,
            currency: args.currency,
            model: domain::roi::AttributionModel::default(),
            window_days: terms.window_days,
            half_life_days: DEFAULT_HALF_LIFE_DAYS,
            settling_days: terms.settling_days,
            baseline: None,
        },
        subscription: None,
        position: None,
        now: store.ambient().now(),
    };
    let told = invoicing.past().roi(tenant, &wish).await?;
    for sentence in &told.sentences {
        say!("{}", sentence.text())?;
    }
    for one in &told.told {
        let value = match one.figure.value {
            Value::Count(count) => count.to_string(),
            Value::Money(money) => money.to_string(),
            Value::Ratio(ratio) => ratio.to_string(),
            Value::None => "-".to_owned(),
        };
        say!("{:<28} {value}", one.figure.name)?;
    }
    say!("{:<28} {}", "state", told.state)?;
    for missing in &told.missing {
        say!("no return: {missing}")?;
    }
    Ok(())
}
