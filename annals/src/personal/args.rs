//! The command line of what is done with personal data.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::subject::{HoldName, SubjectId};

use crate::told::Act;

/// Whom to forget.
#[derive(Args, Debug)]
pub struct ForgetArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// The data subject, for instance lead/lead-7, member/ada or user/ada
    #[arg(long, value_name = "KIND/ID")]
    pub subject: SubjectId,
    /// On what ground
    #[arg(long)]
    pub reason: String,
    /// Where to write the certificate [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

impl ForgetArgs {
    /// What is told of it when it is refused.
    pub(crate) fn act(&self) -> Act {
        Act::on_entity("forget", format!("subject/{}", self.subject), &self.tenant)
    }
}

/// What to do with a data subject.
#[derive(Subcommand, Debug)]
pub enum SubjectCommand {
    /// Print what is known: keys, holds, erasures
    Show {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
        /// The data subject
        #[arg(value_name = "KIND/ID")]
        subject: SubjectId,
    },
    /// Write everything about a person: events, rows of read models and their evidence, a JSON object a line
    Export {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
        /// The data subject; several, when the person is known as more than one
        #[arg(value_name = "KIND/ID", num_args = 1.., required = true)]
        subjects: Vec<SubjectId>,
    },
    /// Place a legal hold: nothing of the subject is erased before it is lifted
    Hold(HoldArgs),
    /// Lift a legal hold
    Lift(HoldArgs),
}

impl SubjectCommand {
    /// What is told of it when it is refused.
    pub(crate) fn act(&self) -> Option<Act> {
        let on = |command, args: &HoldArgs| {
            let target = format!("subject/{}", args.subject);
            Some(Act::on_entity(command, target, &args.tenant))
        };
        match self {
            Self::Hold(args) => on("subject hold", args),
            Self::Lift(args) => on("subject lift", args),
            Self::Show { .. } | Self::Export { .. } => None,
        }
    }
}

/// Which hold.
#[derive(Args, Debug)]
pub struct HoldArgs {
    /// The tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// The data subject
    #[arg(value_name = "KIND/ID")]
    pub subject: SubjectId,
    /// The hold's name, for instance case-4711
    #[arg(long)]
    pub hold: HoldName,
    /// On what ground
    #[arg(long)]
    pub reason: String,
}

/// What to do with the master keys of personal data.
#[derive(Subcommand, Debug)]
pub enum KeysCommand {
    /// Print which master keys there are, and how many data keys each one wraps
    Status,
    /// Make a new master key, and wrap all data keys with it; asked again after a crash, it goes on
    Rotate {
        /// Only go on with what an interrupted rotation has left, or with the first of the keys that are given as
        /// ANNALS_MASTER_KEYS
        #[arg(long)]
        go_on: bool,
    },
    /// Take the old master keys out of the file, for ever: what is wrapped with them in old backups stays unreadable
    RemoveOld,
    /// Print a fresh master key, for whoever keeps them elsewhere
    Fresh,
}

impl KeysCommand {
    /// What is told of it once it is done.
    pub(crate) fn act(&self) -> Option<Act> {
        match self {
            Self::Rotate { .. } => Some(Act::new("keys rotate", None)),
            Self::RemoveOld => Some(Act::new("keys remove-old", None)),
            Self::Status | Self::Fresh => None,
        }
    }
}

/// What to do with retention.
#[derive(Subcommand, Debug)]
pub enum RetentionCommand {
    /// Keep the personal data of a type of events for so many days
    Set {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
        /// The events' stored name, for instance access.denied
        #[arg(long = "type", value_name = "TYPE")]
        event_type: String,
        /// From the day of recording on
        #[arg(long)]
        days: u32,
    },
    /// Keep it for ever again
    Remove {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
        /// The events' stored name
        #[arg(long = "type", value_name = "TYPE")]
        event_type: String,
    },
    /// Print the rules
    List {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
    },
    /// Erase now what the rules do not keep any more; a process with the projector does so every hour
    Apply {
        /// The tenant: its slug or its id
        #[arg(long)]
        tenant: String,
    },
}

impl RetentionCommand {
    /// What is told of it when it is refused.
    pub(crate) fn act(&self) -> Option<Act> {
        let on = |command, event_type: &str, tenant: &str| {
            let target = format!("retention/{event_type}");
            Some(Act::on_entity(command, target, tenant))
        };
        match self {
            Self::Set {
                tenant, event_type, ..
            } => on("retention set", event_type, tenant),
            Self::Remove { tenant, event_type } => on("retention remove", event_type, tenant),
            Self::Apply { tenant } => on("retention apply", "*", tenant),
            Self::List { .. } => None,
        }
    }
}
