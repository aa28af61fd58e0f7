//! `annals invoices`: a month's run, and issued invoices folded again.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use api::invoicing::{Invoicing, IssueWish, Month, Verdict};
use clap::{Args, Subcommand};
use domain::invoice::Stage;
use domain::{Actor, ActorKind, Caller, TenantId};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use projections::invoice::InvoiceList;
use projections::{Past, PastLimits, Reader, Wish, draft_plan};
use store::{Ambient, Role, Store};

use crate::config::Settings;
use crate::output::say;
use crate::refusals::Refused;
use crate::told::Act;
use crate::{tenants, vault_config};

/// What folding an invoice again may cost, when nobody waits for it.
const UNHURRIED: PastLimits = PastLimits {
    time: std::time::Duration::from_secs(600),
    rows: 5_000_000,
    at_once: 6,
};

/// What to do with invoices.
#[derive(Subcommand, Debug)]
pub enum InvoicesCommand {
    /// Issue the invoices of all periods that end in a month, or of one subscription's period; again changes nothing
    Issue(IssueArgs),
    /// List a tenant's invoices, the last ones last
    List(TenantArgs),
    /// Print an invoice's lines as CSV
    Csv {
        /// Whose invoice
        #[command(flatten)]
        tenant: TenantArgs,
        /// Its number, for instance INV-000042
        number: String,
    },
    /// Write an invoice as PDF
    Pdf {
        /// Whose invoice
        #[command(flatten)]
        tenant: TenantArgs,
        /// Its number, for instance INV-000042
        number: String,
        /// The file
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Rate a past period under another plan or a draft of one, beside what it comes to and what was billed
    WhatIf(WhatIfArgs),
    /// Fold issued invoices again from the log; exits with 1 when one comes to something else
    Verify(WhoseArgs),
}

/// Whose.
#[derive(Args, Debug)]
pub struct TenantArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
}

/// Of one tenant or of all.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct WhoseArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: Option<String>,
    /// All tenants
    #[arg(long)]
    pub all: bool,
}

/// Which invoices to issue.
#[derive(Args, Debug)]
pub struct IssueArgs {
    /// Whose
    #[command(flatten)]
    pub whose: WhoseArgs,
    /// The month, for instance 2026-10
    #[arg(long, value_name = "MONTH", required_unless_present = "subscription")]
    pub period: Option<Month>,
    /// This subscription's period alone
    #[arg(long, requires = "at", conflicts_with = "period")]
    pub subscription: Option<String>,
    /// A moment of the period (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// Only the fees that are due in advance, at the period's begin
    #[arg(long, requires = "subscription")]
    pub opening: bool,
}

/// What might have been.
#[derive(Args, Debug)]
pub struct WhatIfArgs {
    /// Whose
    #[command(flatten)]
    pub whose: WhoseArgs,
    /// A moment of the periods (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub at: Timestamp,
    /// The code of the plan
    #[arg(long, required_unless_present = "draft", conflicts_with = "draft")]
    pub plan: Option<String>,
    /// A file with a plan's version as JSON, as docs/pricing.md tells; it need not be in force
    #[arg(long, value_name = "FILE")]
    pub draft: Option<PathBuf>,
}

impl InvoicesCommand {
    /// What is told of it when it is refused.
    pub(crate) fn act(&self) -> Option<Act> {
        let Self::Issue(args) = self else {
            return None;
        };
        let target = match (&args.subscription, &args.period) {
            (Some(subscription), _) => format!("subscription/{subscription}"),
            (None, Some(period)) => period.to_string(),
            (None, None) => return None,
        };
        let act = Act::new("invoices issue", [target]).being_events();
        Some(act.of(args.whose.tenant.clone()))
    }
}

/// The code of a plan that is only thought of.
const DRAFT: &str = "draft";

/// What issues invoices and folds them again, over a database.
///
/// # Errors
/// When the URL is none.
pub fn invoicing(url: &str, store: &Store) -> anyhow::Result<Invoicing> {
    // As a projector sees it: all tenants' rows; each statement names its tenant.
    let reader = Reader::new(store::pool(url, Role::Projector, 6)?);
    let past = Past::new(reader.clone(), store.log().clone(), UNHURRIED);
    Ok(Invoicing::new(store.clone(), reader, past))
}

/// The program in its own name.
#[must_use]
pub fn itself(tenant: TenantId) -> Caller {
    Caller::new(tenant, Actor::new(ActorKind::System, "invoices"))
}

/// Runs `annals invoices`; whether all is well.
///
/// # Errors
/// When the tenant or the invoice is none, or the database is away.
pub async fn run(
    url: &str,
    settings: &Settings,
    ambient: Ambient,
    command: InvoicesCommand,
) -> anyhow::Result<bool> {
    let store = vault_config::store(url, ambient, settings).await?;
    let invoicing = invoicing(url, &store)?.in_series(settings.invoice_series.into());
    match command {
        InvoicesCommand::Issue(args) => issue(&store, &invoicing, args).await,
        InvoicesCommand::List(TenantArgs { tenant }) => {
            let tenant = tenants::find(store.log(), &tenant).await?;
            let mut after = 0;
            loop {
                let rows = invoicing.reader().invoices_after(tenant, after, 200).await?;
                let Some(last) = rows.last() else {
                    return Ok(true);
                };
                after = last.issued_position;
                for row in &rows {
                    say!(
                        "{}  {}  {} to {}  {} {}  {}",
                        row.id,
                        row.subscription,
                        row.first_day,
                        row.last_day,
                        row.total,
                        row.currency,
                        row.status
                    )?;
                }
            }
        }
        InvoicesCommand::Csv { tenant, number } => {
            let tenant = tenants::find(store.log(), &tenant.tenant).await?;
            let row = invoicing.reader().entity::<InvoiceList>(tenant, &number).await?;
            let row = row.with_context(|| format!("the tenant has no invoice {number}"))?;
            crate::output::write(format_args!("{}", api::invoicing::csv(&row)))?;
            Ok(true)
        }
        InvoicesCommand::Pdf { tenant, number, to } => {
            let tenant = tenants::find(store.log(), &tenant.tenant).await?;
            let row = invoicing.reader().entity::<InvoiceList>(tenant, &number).await?;
            let row = row.with_context(|| format!("the tenant has no invoice {number}"))?;
            let seller = invoicing.reader().tenant(tenant).await?;
            let seller = seller.context("the read models do not know the tenant yet")?;
            std::fs::write(&to, api::invoicing::document(&row, &seller).pdf())
                .with_context(|| to.display().to_string())?;
            say!("{}", to.display())?;
            Ok(true)
        }
        InvoicesCommand::WhatIf(args) => what_if(&store, &invoicing, &args).await,
        InvoicesCommand::Verify(whose) => verify(&store, &invoicing, &whose).await,
    }
}

async fn of(store: &Store, whose: &WhoseArgs) -> anyhow::Result<Vec<(TenantId, String)>> {
    match &whose.tenant {
        Some(tenant) => Ok(vec![(tenants::find(store.log(), tenant).await?, tenant.clone())]),
        None => tenants::list(store.log()).await,
    }
}

async fn issue(store: &Store, invoicing: &Invoicing, args: IssueArgs) -> anyhow::Result<bool> {
    let tenants = of(store, &args.whose).await?;
    if let (Some(subscription), Some(at)) = (args.subscription, args.at) {
        let [(tenant, _)] = &tenants[..] else {
            bail!("--subscription: name its tenant with --tenant");
        };
        let stage = if args.opening {
            Stage::Opening
        } else {
            Stage::Closing
        };
        let wish = IssueWish {
            subscription,
            at,
            stage,
        };
        let issued = invoicing.issue(&itself(*tenant), &wish).await?;
        let issued = issued.ok_or_else(|| Refused {
            code: "NOT_FOUND",
            message: format!("the tenant has no subscription {}", wish.subscription),
        })?;
        let told = if issued.known {
            "was issued before"
        } else {
            "issued"
        };
        say!("{} {told}", issued.id)?;
        return Ok(true);
    }
    let month = args
        .period
        .context("--period: name a month, for instance 2026-10")?;
    let (mut issued, mut known, mut skipped) = (0, 0, 0);
    let mut reports = stream::iter(tenants)
        .map(|(tenant, slug)| async move {
            let report = invoicing.issue_month(&itself(tenant), month).await;
            report.map(|report| (slug, report))
        })
        .buffered(UNHURRIED.at_once);
    while let Some((slug, report)) = reports.try_next().await? {
        known += report.issued.iter().filter(|(_, one)| one.known).count();
        issued += report.issued.iter().filter(|(_, one)| !one.known).count();
        skipped += report.skipped.len();
        for one in report.skipped {
            say!("{slug}: {} could not be billed: {}", one.subscription, one.reason)?;
        }
    }
    say!("{month}: {issued} issued, {known} were issued before, {skipped} could not be billed")?;
    Ok(skipped == 0)
}

async fn what_if(store: &Store, invoicing: &Invoicing, args: &WhatIfArgs) -> anyhow::Result<bool> {
    let drafts = match &args.draft {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("file {}", file.display()))?;
            let version = serde_json::from_str(&text).with_context(|| format!("file {}", file.display()))?;
            vec![draft_plan(DRAFT.parse()?, version).with_context(|| format!("file {}", file.display()))?]
        }
        None => Vec::new(),
    };
    let wish = Wish {
        at: args.at,
        plan: args.plan.as_deref().unwrap_or(DRAFT),
        drafts: &drafts,
    };
    let mut all_rated = true;
    say!("tenant,subscription,first_day,last_day,billed,actual,supposed,difference,currency")?;
    for (tenant, slug) in of(store, &args.whose).await? {
        for subscription in invoicing.subscriptions(tenant).await? {
            match invoicing.past().what_if(tenant, &subscription, &wish).await {
                Ok(None) => {}
                Ok(Some(row)) => {
                    let (period, actual, supposed) =
                        (&row.actual.period, &row.actual.draft, &row.supposed.draft);
                    let last_day = period.end_day.yesterday()?;
                    let billed = row
                        .billed
                        .map_or_else(String::new, |billed| billed.amount.to_string());
                    let (first_day, difference) = (period.first_day, supposed.total - actual.total);
                    let (actual, supposed, currency) = (actual.total, supposed.total, actual.currency);
                    say!(
                        "{slug},{subscription},{first_day},{last_day},{billed},{actual},{supposed},{difference},{currency}"
                    )?;
                }
                Err(error) => {
                    all_rated = false;
                    eprintln!("{slug}: {subscription} could not be rated: {error}");
                }
            }
        }
    }
    Ok(all_rated)
}

async fn verify(store: &Store, invoicing: &Invoicing, whose: &WhoseArgs) -> anyhow::Result<bool> {
    let (mut same, mut different, mut unverifiable) = (0_u64, 0_u64, 0_u64);
    for (tenant, slug) in of(store, whose).await? {
        let mut lines = Vec::new();
        invoicing
            .verify_all(&itself(tenant), |row, verdict| match verdict {
                Ok(Verdict::Same) => same += 1,
                Ok(Verdict::Different {
                    folded,
                    lines: differing,
                }) => {
                    different += 1;
                    lines.push(format!(
                        "{slug}: {} was issued at {}, the log says {folded}",
                        row.id,
                        row.bill.total()
                    ));
                    lines.extend(differing.iter().map(|line| {
                        let told = |amount: Option<domain::Money>| {
                            amount.map_or_else(|| "nothing".to_owned(), |amount| amount.to_string())
                        };
                        let (issued, folded) = (told(line.issued), told(line.folded));
                        format!(
                            "  line {}, {}: {issued} issued, {folded} by the log",
                            line.line, line.code
                        )
                    }));
                }
                Err(error) => {
                    unverifiable += 1;
                    lines.push(format!("{slug}: {} can't be folded again: {error}", row.id));
                }
            })
            .await?;
        for line in lines {
            say!("{line}")?;
        }
    }
    say!("{same} the same, {different} different, {unverifiable} could not be folded again")?;
    Ok(different == 0 && unverifiable == 0)
}
