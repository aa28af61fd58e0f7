//! `annals audit feed`: the audit feed of a tenant as CSV, as NDJSON or in OCSF, as a stream.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use domain::{Actor, ActorKind, RecordedEvent, TenantId};
use jiff::Timestamp;
use projections::Reader;
use projections::audit_feed::{Entry, EntryMeans, Filter, Outcome};
use store::{Log, Role};
use streams::csv_record;

const PAGE: u32 = 2_000;

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values (RFC 4180), with a header
    Csv,
    /// One JSON object a line
    Ndjson,
    /// One OCSF 1.8 event a line: API Activity or Entity Management
    Ocsf,
}

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
    (url, log): (&str, &Log),
    args: &FeedArgs,
    tenant: TenantId,
    upto: u64,
) -> anyhow::Result<()> {
    let filter = match &args.saved {
        Some(name) => args.filter()?.or(saved(url, tenant, name).await?),
        None => args.filter()?,
    };
    // By what means somebody came is told before what was done by them.
    let told = filter.action.is_some().then(|| SEEN.to_owned());
    let wanted = store::Filter {
        types: filter.action.clone().into_iter().chain(told).collect(),
        ..store::Filter::tenant(tenant)
    };
    let mut means: HashMap<String, EntryMeans> = HashMap::new();
    let mut out = BufWriter::new(io::stdout());
    if args.format == Format::Csv {
        csv_record(&mut out, HEADER.iter().copied())?;
    }
    let mut after = 0;
    loop {
        let page = log.page(after, &wanted, PAGE).await?;
        for event in &page {
            after = event.position;
            if after > upto {
                return Ok(out.flush()?);
            }
            let entry = Entry::of(event);
            let own = EntryMeans::told_by(&entry);
            if entry.action == SEEN {
                means.insert(entry.event_id.clone(), own.clone().unwrap_or_default());
            }
            if filter.accepts(&entry) {
                let named = || means.get(entry.context_id.as_deref()?).cloned();
                let by = own.or_else(named).unwrap_or_default();
                write(&mut out, (event, &entry, &by), args.format)?;
            }
        }
        if page.len() < PAGE as usize {
            return Ok(out.flush()?);
        }
    }
}

/// The filter of a name that is shared in the tenant.
async fn saved(url: &str, tenant: TenantId, name: &str) -> anyhow::Result<Filter> {
    let reader = Reader::new(store::pool(url, Role::Projector, 1)?);
    let operator = Actor::new(ActorKind::System, "operator");
    let found = reader.saved_filter(tenant, &operator, name).await?;
    found.with_context(|| format!("--saved: no filter of the name {name:?} is shared in this tenant"))
}

/// The action that tells by what means an actor came.
const SEEN: &str = "access.seen";

const HEADER: &[&str] = &[
    "position",
    "event_id",
    "occurred_at",
    "recorded_at",
    "actor_kind",
    "actor_id",
    "action",
    "outcome",
    "entity_type",
    "entity_id",
    "correlation_id",
    "causation_id",
    "payload",
    "workspace_id",
    "address",
    "user_agent",
];

fn write(
    out: &mut impl Write,
    (event, entry, means): (&RecordedEvent, &Entry, &EntryMeans),
    format: Format,
) -> anyhow::Result<()> {
    let outcome = match Outcome::of(&entry.action) {
        Outcome::Succeeded => "succeeded",
        Outcome::Denied => "denied",
        Outcome::Refused => "refused",
    };
    match format {
        Format::Ocsf => {
            let means = (means.address.as_deref(), means.user_agent.as_deref());
            serde_json::to_writer(&mut *out, &streams::ocsf(event, means))?;
        }
        Format::Ndjson => {
            let mut line = serde_json::to_value(entry)?;
            line["outcome"] = outcome.into();
            line["address"] = means.address.clone().into();
            line["user_agent"] = means.user_agent.clone().into();
            line["payload"] = serde_json::from_str(&entry.payload)?;
            serde_json::to_writer(&mut *out, &line)?;
        }
        Format::Csv => {
            let (position, occurred, recorded) = (
                entry.position.to_string(),
                entry.occurred_at.to_string(),
                entry.recorded_at.to_string(),
            );
            let fields = [
                &position,
                &entry.event_id,
                &occurred,
                &recorded,
                &entry.actor_kind.to_string(),
                &entry.actor_id,
                &entry.action,
                outcome,
                &entry.entity_type,
                &entry.entity_id,
                entry.correlation_id.as_deref().unwrap_or_default(),
                entry.causation_id.as_deref().unwrap_or_default(),
                &entry.payload,
                entry.workspace_id.as_deref().unwrap_or_default(),
                means.address.as_deref().unwrap_or_default(),
                means.user_agent.as_deref().unwrap_or_default(),
            ];
            return Ok(csv_record(out, fields)?);
        }
    }
    Ok(out.write_all(b"\n")?)
}
