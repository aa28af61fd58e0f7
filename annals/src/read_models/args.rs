//! The command line of `annals read-model`.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;

use super::explain::ExplainArgs;
use super::verify::VerifyArgs;
use crate::told::Act;

/// What to do with read models.
#[derive(Subcommand, Debug)]
pub enum ReadModelCommand {
    /// Name them
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show where each is, how far behind the log, and how fast
    Status(StatusArgs),
    /// Fill one anew beside the live one; interrupted, it goes on when asked again
    Rebuild(RebuildArgs),
    /// Compare what was filled anew with the live one, at one position
    Diff {
        /// The read model
        name: String,
        /// How many rows to list
        #[arg(long, short = 'n', default_value_t = 20)]
        limit: u32,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Accept the difference as it is, for a switch under the policy `accepted`
    Accept {
        /// The read model
        name: String,
    },
    /// Put what was filled anew in the live one's place
    Switch {
        /// The read model
        name: String,
    },
    /// Go back to what was live before the last switch
    Rollback {
        /// The read model
        name: String,
    },
    /// Throw away what was filled anew, or else what was live before
    Discard {
        /// The read model
        name: String,
    },
    /// List the streams whose events wait because one of them can't be folded
    Parked {
        /// Of this read model only
        name: Option<String>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Fold rows again from the log and compare them with those that are stored; fails when they differ
    Verify(VerifyArgs),
    /// Show the events that made a row, and what each changed
    Explain(ExplainArgs),
    /// After a fix, fold what waits, in order
    Resume {
        /// The read model
        name: String,
        /// The stream's tenant: its slug or its id
        #[arg(long)]
        tenant: Option<String>,
        /// The stream, for instance `lead/01K...`; left out, all that are parked
        stream: Option<String>,
    },
}

impl ReadModelCommand {
    /// What is told of it once it is done.
    pub(crate) fn act(&self) -> Option<Act> {
        let on = |command, name: &String| Some(Act::new(command, [name.clone()]));
        match self {
            Self::Rebuild(args) if args.dry_run => None,
            Self::Rebuild(args) => {
                let act = Act::new("read-model rebuild", [args.name.clone()]);
                Some(act.of(args.part.tenant.clone()))
            }
            Self::Accept { name } => on("read-model accept", name),
            Self::Switch { name } => on("read-model switch", name),
            Self::Rollback { name } => on("read-model rollback", name),
            Self::Discard { name } => on("read-model discard", name),
            Self::Resume { name, tenant, stream } => {
                let targets = [Some(name.clone()), stream.clone()].into_iter().flatten();
                Some(Act::new("read-model resume", targets).of(tenant.clone()))
            }
            Self::List { .. }
            | Self::Status(_)
            | Self::Diff { .. }
            | Self::Parked { .. }
            | Self::Verify(_)
            | Self::Explain(_) => None,
        }
    }
}

/// Of what to show the status.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// For this tenant: its slug or its id
    #[arg(long, conflicts_with = "tenants")]
    pub tenant: Option<String>,
    /// For each tenant that has events which are not folded yet, or streams that wait
    #[arg(long)]
    pub tenants: bool,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// What to rebuild.
#[derive(Args, Debug)]
pub struct RebuildArgs {
    /// The read model
    pub name: String,
    /// Which rows
    #[command(flatten)]
    pub part: Part,
    /// Only say how many events and rows it would be, and how long it would take
    #[arg(long)]
    pub dry_run: bool,
    /// What a switch demands of the difference to the live one
    #[arg(long, value_enum, default_value_t = Policy::Any)]
    pub policy: Policy,
    /// Switch as soon as it is filled, if the policy allows
    #[arg(long)]
    pub switch: bool,
}

/// Which rows of a read model.
#[derive(Args, Debug)]
pub struct Part {
    /// Those of this tenant: its slug or its id
    #[arg(long)]
    pub tenant: Option<String>,
    /// The one of this key: the values of the key's columns after the tenant, in order
    #[arg(long, value_name = "VALUE", num_args = 1.., requires = "tenant")]
    pub key: Vec<String>,
}

/// What a switch demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Nothing
    Any,
    /// No difference
    Empty,
    /// No difference, or one that was accepted
    Accepted,
}

impl From<Policy> for projections::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Any => Self::Any,
            Policy::Empty => Self::Empty,
            Policy::Accepted => Self::Accepted,
        }
    }
}
