//! `annals audit report`: what reviewers of a period ask for, in Markdown or as PDF.

mod access;
mod operators;
mod period;
mod sections;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use api::paper::Paper;
use clap::{Args, ValueEnum};
use domain::TenantId;
use jiff::Timestamp;
use store::{ArchiveFiles, At, AuditOrder, Log, SealError};

use crate::config::Settings;
use crate::output::{say, write};
use crate::seal_config::checkpoints;
use crate::tenants;
use access::Access;
use period::{Period, moment};

const PAGE: u32 = 2_000;
/// What a report tells of; an erasure's events are those of a data subject.
const TYPES: [&str; 6] = [
    "access.*",
    "api_key.*",
    "member.*",
    "retention.*",
    "subject.*",
    "tenant.*",
];

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Markdown
    Md,
    /// PDF
    Pdf,
}

/// Of what a report is made.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// The period's begin: a day (UTC) or a moment (RFC 3339)
    #[arg(long, value_name = "DAY|TIME", value_parser = moment)]
    pub from: Timestamp,
    /// The period's end, which is not in it any more: a day (UTC) or a moment (RFC 3339)
    #[arg(long, value_name = "DAY|TIME", value_parser = moment)]
    pub before: Timestamp,
    /// How it is written [default: by the file's ending, else Markdown]
    #[arg(long, value_enum)]
    pub format: Option<ReportFormat>,
    /// The file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// Writes a report.
pub(super) async fn run(
    log: &Log,
    settings: &Settings,
    now: Timestamp,
    args: &ReportArgs,
) -> anyhow::Result<()> {
    if args.before <= args.from {
        bail!(
            "--before {} does not come after --from {}",
            args.before,
            args.from
        );
    }
    let tenant = tenants::find(log, &args.tenant).await?;
    let format = args.format.unwrap_or_else(|| {
        let ending = args.to.as_ref().and_then(|file| file.extension());
        if ending.is_some_and(|ending| ending == "pdf") {
            ReportFormat::Pdf
        } else {
            ReportFormat::Md
        }
    });
    let paper = report(log, settings, tenant, now, args).await?;
    let bytes = match format {
        ReportFormat::Md => paper.markdown().into_bytes(),
        ReportFormat::Pdf => paper.pdf(),
    };
    match &args.to {
        Some(file) => {
            std::fs::write(file, bytes).with_context(|| file.display().to_string())?;
            say!("{}", file.display())?;
        }
        None if format == ReportFormat::Md => write(format_args!("{}", String::from_utf8_lossy(&bytes)))?,
        None => bail!("--to: say into which file the PDF goes"),
    }
    Ok(())
}

async fn report(
    log: &Log,
    settings: &Settings,
    tenant: TenantId,
    now: Timestamp,
    args: &ReportArgs,
) -> anyhow::Result<Paper> {
    let period = Period {
        from: args.from,
        before: args.before,
    };
    let (mut access, mut told) = (Access::default(), Vec::new());
    let filter = store::Filter {
        types: TYPES.map(str::to_owned).into(),
        recorded_before: Some(period.before),
        ..store::Filter::tenant(tenant)
    };
    let mut after = 0;
    loop {
        // What a tenant is set up with stays at hand when a year is archived.
        let page = log.page_at_hand(after, &filter, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        for event in page {
            after = event.position;
            access.take(&event);
            if period.has(&event) {
                told.push(event);
            }
        }
        if is_last {
            break;
        }
    }
    let in_period = store::Filter {
        recorded_from: Some(period.from),
        recorded_before: Some(period.before),
        ..store::Filter::tenant(tenant)
    };
    // What is archived is not left out: the error says what to mount.
    let events = log.count(0, &in_period).await?;
    let mut paper = Paper::new(format!("Audit report of {}", args.tenant));
    sections::about(&mut paper, tenant, period, now, events);
    access.write(&mut paper, period);
    sections::role_changes(&mut paper, &told);
    sections::failed_sign_ins(&mut paper, &told);
    operators::section(&mut paper, &told);
    sections::sensitive(&mut paper, &told);
    sections::erasures(&mut paper, &told);
    let seals = log.seals();
    let newest = match seals.checkpoint(tenant, At::Newest).await {
        Ok(newest) => Some(newest),
        Err(SealError::NothingSealed | SealError::NoCheckpoint { .. } | SealError::NotYet { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let signed = seals.summary(tenant, period.from, period.before).await?;
    sections::checkpoints(&mut paper, &signed, newest.as_ref());
    let order = AuditOrder {
        tenant: Some(tenant),
        trusted: None,
        witnesses: Vec::new(),
        kept: Some(checkpoints(&settings.data_dir)),
        notes: Vec::new(),
        archives: ArchiveFiles::Leave,
    };
    let audited = seals.audit(&order).await;
    sections::verification(&mut paper, &told, audited.as_ref());
    Ok(paper)
}
