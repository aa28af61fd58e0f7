//! The command line of `annals audit` and `annals verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::feed::FeedArgs;
use super::report::ReportArgs;
use crate::told::{Act, VERIFY};

/// What to do with the log's seals.
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Write the audit feed as CSV, as NDJSON or in OCSF
    Feed(FeedArgs),
    /// Write what reviewers of a period ask for, in Markdown or as PDF
    Report(ReportArgs),
    /// Print the public keys, for auditors
    Keys,
    /// Print a tenant's newest checkpoint
    Checkpoint {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
        /// The one of this size instead
        #[arg(long, value_name = "EVENTS")]
        size: Option<u64>,
    },
    /// Prove that an event is in its tenant's tree
    Prove(ProveArgs),
    /// Prove that the tree of one checkpoint is the beginning of another's
    Consistency {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
        /// The size of the first
        #[arg(long, value_name = "EVENTS")]
        from: u64,
        /// The size of the second [default: the newest]
        #[arg(long, value_name = "EVENTS")]
        to: Option<u64>,
    },
    /// Write all events of a tenant between two positions, with the proof that they are all
    Export(ExportArgs),
    /// Hold the log in the database against what was signed of it; fails when anything was done to it
    Verify(AuditArgs),
    /// Add the signatures of witnesses to a checkpoint
    Cosign {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
        /// The public key of a witness; may be repeated
        #[arg(long, required = true, value_name = "KEY")]
        witness: Vec<String>,
        /// The note that they signed
        note: PathBuf,
    },
    /// Let a new key sign from now on; what was signed before stays valid
    RotateKey {
        /// The key that signs is lost: nothing endorses the new one
        #[arg(long)]
        lost: bool,
    },
}

impl AuditCommand {
    /// What is told of it once it is done; exports are told where they are made.
    pub(crate) fn act(&self) -> Option<Act> {
        match self {
            Self::RotateKey { .. } => Some(Act::new("audit rotate-key", None)),
            // What it finds is told where it is found.
            Self::Verify(args) => Some(Act::new(VERIFY, None).of(args.tenant.clone()).being_events()),
            Self::Cosign { tenant, .. } => Some(Act::new("audit cosign", None).of(Some(tenant.clone()))),
            Self::Feed(_)
            | Self::Report(_)
            | Self::Keys
            | Self::Checkpoint { .. }
            | Self::Prove(_)
            | Self::Consistency { .. }
            | Self::Export(_) => None,
        }
    }
}

/// Which event.
#[derive(Args, Debug)]
pub struct ProveArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// The event's position
    #[arg(long)]
    pub position: u64,
    /// For the checkpoint of this size [default: the newest]
    #[arg(long, value_name = "EVENTS")]
    pub size: Option<u64>,
}

/// Which events go where.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// Events after this position
    #[arg(long, default_value_t = 0, value_name = "POSITION")]
    pub after: u64,
    /// Events up to this position [default: all that are sealed]
    #[arg(long, default_value_t = u64::MAX, value_name = "POSITION", hide_default_value = true)]
    pub upto: u64,
    /// The file; packed if it ends in .zst
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// Against what to hold the log.
#[derive(Args, Debug)]
pub struct AuditArgs {
    /// The part of this tenant only: its slug or its id
    #[arg(long)]
    pub tenant: Option<String>,
    /// A public key to trust, or a file of them; may be repeated [default: those that the database says]
    #[arg(long = "key", value_name = "KEY")]
    pub keys: Vec<String>,
    /// The public key of a witness, or a file of them; may be repeated: what it signed of a checkpoint must fit
    #[arg(long = "witness", value_name = "KEY")]
    pub witnesses: Vec<String>,
    /// Read the archives where they were written, too
    #[arg(long)]
    pub archives: bool,
    /// A checkpoint that was kept; may be repeated. Those in the data folder are looked at anyway
    #[arg(long, value_name = "FILE")]
    pub against: Vec<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Which file, and whom to trust.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The export, the proof or the checkpoint
    pub file: PathBuf,
    /// A public key to trust, or a file of them, as `annals audit keys` prints them; may be repeated
    #[arg(long = "key", required = true, value_name = "KEY")]
    pub keys: Vec<String>,
    /// The public key of a witness who must have signed each checkpoint in it, or a file of them; may be repeated
    #[arg(long = "witness", value_name = "KEY")]
    pub witnesses: Vec<String>,
}
