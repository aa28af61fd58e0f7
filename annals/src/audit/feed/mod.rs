//! `annals audit feed` and `GET /v1/audit/feed`: the audit feed of a tenant as CSV, as NDJSON or in OCSF, page by page out of
//! its read model.

mod format;
mod pages;
mod route;

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use domain::{Actor, ActorKind, TenantId};
use jiff::Timestamp;
use projections::audit_feed::{Filter, Outcome};
use projections::{Past, Reader};
use store::Role;

pub(crate) use route::{Door, router};

use format::{Changes, Format};
use pages::{Pages, Wish};

/// How long the read model may take to come as far as the log.
const WAIT: Duration = Duration::from_secs(10);

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutcomeArg {
    /// It was done
    Succeeded,
    /// Somebody was turned away
    Denied,
    /// The rules refused it
    Refused,
}

/// Which entries: as the filter of GraphQL's `auditFeed` has it.
#[derive(Args, Debug)]
pub struct FeedArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// Those of the saved filter of this name that is shared in the tenant, where nothing else is said
    #[arg(long, value_name = "NAME")]
    pub saved: Option<String>,
    /// By this actor, as kind:id
    #[arg(long, value_name = "ACTOR")]
    pub actor: Option<String>,
    /// This action, or a family of them, for instance `lead.*`
    #[arg(long)]
    pub action: Option<String>,
    /// To this, for instance `lead` or `lead/01K...`
    #[arg(long)]
    pub target: Option<String>,
    /// With this outcome
    #[arg(long, value_enum)]
    pub outcome: Option<OutcomeArg>,
    /// In this workspace
    #[arg(long, value_name = "ID")]
    pub workspace: Option<String>,
    /// Of this request, import or run
    #[arg(long, value_name = "ID")]
    pub correlation: Option<String>,
    /// Caused by the event of this id
    #[arg(long, value_name = "ID")]
    pub causation: Option<String>,
    /// With this text in the payload, the action or the ids
    #[arg(long)]
    pub text: Option<String>,
    /// Happened at this time or later (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Happened before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub before: Option<Timestamp>,
    /// With the values before and after each change
    #[arg(long)]
    pub changes: bool,
    /// How to write them
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,
}

impl FeedArgs {
    fn filter(&self) -> anyhow::Result<Filter> {
        let (actor_kind, actor_id) = match &self.actor {
            Some(actor) => {
                let (kind, id) = actor
                    .split_once(':')
                    .context("--actor: give kind and id, as user:ada")?;
                (Some(kind.to_owned()), Some(id.to_owned()))
            }
            None => (None, None),
        };
        let (entity_type, entity_id) = match self.target.as_deref().map(|target| target.split_once('/')) {
            Some(Some((kind, id))) => (Some(kind.to_owned()), Some(id.to_owned())),
            Some(None) => (self.target.clone(), None),
            None => (None, None),
        };
        Ok(Filter {
            actor_kind,
            actor_id,
            action: self.action.clone(),
            entity_type,
            entity_id,
            workspace_id: self.workspace.clone(),
            correlation_id: self.correlation.clone(),
            causation_id: self.causation.clone(),
            outcome: self.outcome.map(|outcome| match outcome {
                OutcomeArg::Succeeded => Outcome::Succeeded,
                OutcomeArg::Denied => Outcome::Denied,
                OutcomeArg::Refused => Outcome::Refused,
            }),
            text: self.text.clone(),
            from: self.from,
            before: self.before,
        })
    }
}

/// Writes the entries up to a position to standard output, as they are read.
pub(super) async fn run(
    (url, past): (&str, Past),
    args: &FeedArgs,
    tenant: TenantId,
    upto: u64,
) -> anyhow::Result<()> {
    let reader = Reader::new(store::pool(url, Role::Projector, 1)?);
    let filter = match &args.saved {
        Some(name) => args.filter()?.or(saved(&reader, tenant, name).await?),
        None => args.filter()?,
    };
    let (past, changes) = match args.changes {
        true => (Some(past), Changes::Told),
        false => (None, Changes::LeftOut),
    };
    let wish = Wish { tenant, filter, upto };
    let begun = Pages::begin(reader, past, wish, WAIT).await;
    let mut pages = begun.context("the audit feed: is a process with the role projector running?")?;
    let mut out = BufWriter::new(io::stdout());
    args.format.begin(&mut out, changes)?;
    while let Some(page) = pages.next().await? {
        for told in &page {
            args.format.write(&mut out, told, changes)?;
        }
    }
    Ok(out.flush()?)
}

/// The filter of a name that is shared in the tenant.
async fn saved(reader: &Reader, tenant: TenantId, name: &str) -> anyhow::Result<Filter> {
    let operator = Actor::new(ActorKind::System, "operator");
    let found = reader.saved_filter(tenant, &operator, name).await?;
    found.with_context(|| format!("--saved: no filter of the name {name:?} is shared in this tenant"))
}
