//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use store::DeliveryState;

use crate::archive_command::ArchiveCommand;
use crate::audit::{AuditCommand, VerifyArgs};
use crate::config::Given;
use crate::intake_config::GivenIntake;
use crate::invoices::InvoicesCommand;
use crate::personal::{ForgetArgs, KeysCommand, RetentionCommand, SubjectCommand};
use crate::read_models::ReadModelCommand;
use crate::replay::ReplayArgs;
use crate::roi::RoiCommand;
use crate::told::Act;
use crate::webhook_sources::GivenWebhookSources;

/// Annals: the book of record of a Results-as-a-Service platform.
#[derive(Parser, Debug)]
#[command(version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The settings as given.
    #[command(flatten)]
    pub given: Given,
}

/// What the program can do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run everything in one process, with an embedded PostgreSQL
    Up {
        /// Fill two tenants with a quarter of plausible data; a second time adds nothing
        #[arg(long)]
        demo: bool,
    },
    /// Run some roles in this process, beside others elsewhere; needs --database-url
    Serve {
        /// Which roles
        #[arg(long = "role", required = true, value_enum)]
        roles: Vec<Role>,
    },
    /// Bring the database's schema up to date
    Migrate,
    /// Import a CSV file through a mapping file; a second time adds nothing
    Import(ImportArgs),
    /// Look after what comes in
    Ingest {
        /// What to do
        #[command(subcommand)]
        command: IngestCommand,
    },
    /// Read the log
    Log {
        /// What to show
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Years of the log as files, with their proofs: write, read, mount and restore them
    Archive {
        /// What to do
        #[command(subcommand)]
        command: ArchiveCommand,
    },
    /// Write events as lines of JSON, as CSV or as Parquet to standard output
    Export(ExportArgs),
    /// Describe the public events
    Events {
        /// What to do
        #[command(subcommand)]
        command: EventsCommand,
    },
    /// Look after the read models
    ReadModel {
        /// What to do
        #[command(subcommand)]
        command: ReadModelCommand,
    },
    /// Play an entity's or a tenant's past again, or save a step of it as a test
    Replay(ReplayArgs),
    /// Issue invoices, and fold them again
    Invoices {
        /// What to do
        #[command(subcommand)]
        command: InvoicesCommand,
    },
    /// Tell what agents brought in and cost, and freeze it
    Roi {
        /// What to do
        #[command(subcommand)]
        command: RoiCommand,
    },
    /// Prove what is in the log, and hold it against what was signed
    Audit {
        /// What to do
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Verify an export, a proof or a checkpoint, with nothing but the public key
    Verify(VerifyArgs),
    /// Erase what is known about a person, and print the certificate
    Forget(ForgetArgs),
    /// What is known about a person: show it, export it, hold it
    Subject {
        /// What to do
        #[command(subcommand)]
        command: SubjectCommand,
    },
    /// Look after the master keys of personal data
    Keys {
        /// What to do
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// For how long personal data is kept
    Retention {
        /// What to do
        #[command(subcommand)]
        command: RetentionCommand,
    },
    /// Check what the program needs on this machine
    Doctor,
    /// Print the settings in force, secrets masked
    Config,
    /// Print the GraphQL schema
    Schema,
    /// Print the options with which pg_dump leaves out what a backup must not hold: read models, keys, webhooks' bodies
    BackupOptions,
    /// Ask a running server whether it is ready; exits with 1 when it is not
    Health,
}

/// A part of the program that can run in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The GraphQL gateway
    Api,
    /// Folds the log into read models
    Projector,
    /// Takes events over HTTP
    Ingest,
    /// Seals the log: signs what is in it, every second at least
    Sealer,
    /// Writes the log to Apache Kafka
    Relay,
    /// Sends webhooks
    Webhooks,
}

/// What to import.
#[derive(clap::Args, Debug)]
pub struct ImportArgs {
    /// The CSV file
    pub file: PathBuf,
    /// The mapping file (TOML)
    #[arg(long, value_name = "FILE")]
    pub mapping: PathBuf,
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// The connector under which the import runs [default: the mapping's source]
    #[arg(long, value_name = "ID")]
    pub connector: Option<String>,
}

impl ImportArgs {
    /// What is told of it when it is refused.
    pub(crate) fn act(&self) -> Act {
        let name = self.file.file_name().unwrap_or_default();
        Act::on_entity("import", name.to_string_lossy().into_owned(), &self.tenant)
    }
}

/// What to read of the log.
#[derive(clap::Args, Debug)]
pub struct ReadArgs {
    /// Events of this tenant only: its slug or its id
    #[arg(long)]
    pub tenant: Option<String>,
    /// Events of these types only, for instance `lead.*`; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Events after this position
    #[arg(long, default_value_t = 0, value_name = "POSITION")]
    pub after: u64,
    /// Recorded at this time or later (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Recorded before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
}

/// What to do with what comes in.
#[derive(Subcommand, Debug)]
pub enum IngestCommand {
    /// Records of Apache Kafka's topics that could not be taken
    DeadLetters {
        /// What to do with them
        #[command(subcommand)]
        command: DeadLettersCommand,
    },
    /// Webhooks that came
    Webhooks {
        /// What to do with them
        #[command(subcommand)]
        command: WebhooksCommand,
    },
}

/// What to do with webhooks that came.
#[derive(Subcommand, Debug)]
pub enum WebhooksCommand {
    /// Show them, and what became of each
    List {
        /// Which
        #[command(flatten)]
        found: FoundArgs,
        /// One JSON object a line, with the body
        #[arg(long)]
        json: bool,
    },
    /// Have them processed once more; what is done already changes nothing
    Replay {
        /// Which
        #[command(flatten)]
        found: FoundArgs,
    },
}

impl WebhooksCommand {
    /// What is told of it.
    pub(crate) fn act(&self, sources: &GivenWebhookSources) -> Option<Act> {
        let Self::Replay { found } = self else {
            return None;
        };
        let named = [
            found.source.clone(),
            found.id.clone(),
            found.state.map(|state| state.to_string()),
        ];
        let tenant = found
            .source
            .as_deref()
            .and_then(|source| sources.tenant_of(source));
        Some(Act::new("ingest webhooks replay", named.into_iter().flatten()).of(tenant))
    }
}

/// Which webhooks are meant; all, when nothing is said.
#[derive(clap::Args, Debug)]
pub struct FoundArgs {
    /// Of this source
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// With this id of the sender's
    #[arg(long)]
    pub id: Option<String>,
    /// In this state: waiting, processed, held, kept or refused
    #[arg(long)]
    pub state: Option<DeliveryState>,
    /// That came after the one of this number
    #[arg(long, value_name = "NUMBER")]
    pub after: Option<i64>,
}

/// What to do with records that could not be taken.
#[derive(Subcommand, Debug)]
pub enum DeadLettersCommand {
    /// Show them with the reason, and where each came from
    List {
        /// The topic that they came from
        topic: String,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Put them back into their topic, as they came
    Retry {
        /// The topic that they came from
        topic: String,
    },
}

impl DeadLettersCommand {
    /// What is told of it: to the topic's tenant, where the settings name it.
    pub(crate) fn act(&self, intake: &GivenIntake) -> Option<Act> {
        match self {
            Self::Retry { topic } => {
                let act = Act::new("ingest dead-letters retry", [topic.clone()]);
                Some(act.of(intake.tenant_of(topic)))
            }
            Self::List { .. } => None,
        }
    }
}

/// What to export.
#[derive(clap::Args, Debug)]
pub struct ExportArgs {
    /// Which events
    #[command(flatten)]
    pub read: ReadArgs,
    /// How they are written: ndjson (a CloudEvent a line), csv or parquet
    #[arg(long, default_value_t, value_name = "FORMAT")]
    pub format: streams::Format,
    /// Events behind the one with this cursor: where an export ended
    #[arg(long, value_name = "CURSOR", requires = "tenant", conflicts_with = "after")]
    pub cursor: Option<String>,
    /// With what says something about persons; else it is left out
    #[arg(long)]
    pub personal_data: bool,
}

/// What to do with the descriptions of the public events.
#[derive(Subcommand, Debug)]
pub enum EventsCommand {
    /// Write a JSON Schema for each type and version, and an AsyncAPI document
    Describe {
        /// The folder to write to
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Say what breaks readers between two folders of descriptions; exits with 1 when something does
    Compare {
        /// The folder before
        before: PathBuf,
        /// The folder after
        after: PathBuf,
    },
}

/// How to look at the log.
#[derive(Subcommand, Debug)]
pub enum LogCommand {
    /// Show events in order
    Tail {
        /// Which events
        #[command(flatten)]
        read: ReadArgs,
        /// Go on as the log grows
        #[arg(long, short)]
        follow: bool,
        /// Only the last N of them
        #[arg(long, short = 'n', value_name = "N")]
        last: Option<u64>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one stream's history
    Show {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
        /// The stream: aggregate type and id, for instance `lead/01K...`
        stream: String,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show counts, sizes and rates
    Stats {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
}
