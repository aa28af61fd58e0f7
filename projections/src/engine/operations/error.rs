//! Why an operation on a read model is refused, and what to do.

use store::ReadError;

use crate::engine::catch_up::Obstacle;

/// Why an operation can't be done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// No read model has this name.
    #[error("there is no read model {name}; there are {known}")]
    UnknownReadModel {
        /// The name that was given.
        name: String,
        /// All names.
        known: String,
    },
    /// The tenant has no events.
    #[error("there is no tenant {0} in the log")]
    UnknownTenant(String),
    /// The key has not the read model's columns.
    #[error("a row of {name} is named by {columns}; {given} values were given")]
    WrongKey {
        /// The read model.
        name: String,
        /// The columns of its key.
        columns: String,
        /// How many values were given.
        given: usize,
    },
    /// No projector has begun the read model yet.
    #[error("the read model {name} has not been filled yet: start a projector (`annals up`) first")]
    NeverRan {
        /// The read model.
        name: String,
    },
    /// There is nothing to compare or to switch to.
    #[error("the read model {name} has no build that is {wanted}: {advice}")]
    NoBuild {
        /// The read model.
        name: String,
        /// The state that is needed.
        wanted: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A build of this program's fold is there already.
    #[error("build {build} of {name} is {state} already: switch to it, or discard it first")]
    AlreadyThere {
        /// The read model.
        name: String,
        /// The build.
        build: i32,
        /// Its state.
        state: &'static str,
    },
    /// Another process works on the build.
    #[error("another process works on build {build} of {name}: wait until it ends")]
    Busy {
        /// The read model.
        name: String,
        /// The build.
        build: i32,
    },
    /// The policy of the build forbids the switch.
    #[error(
        "build {build} of {name} differs from the live one ({added} rows added, {changed} changed, {gone} gone) and \
         its policy is `{policy}`: look at the diff, and accept it or discard the build"
    )]
    Differs {
        /// The read model.
        name: String,
        /// The build.
        build: i32,
        /// Rows that only the build has.
        added: u64,
        /// Rows whose columns differ.
        changed: u64,
        /// Rows that only the live build has.
        gone: u64,
        /// The build's policy.
        policy: &'static str,
    },
    /// The build was written by another version of the fold.
    #[error("build {build} of {name} is of version {version} of the fold, this program has {ours}: {advice}")]
    OtherFold {
        /// The read model.
        name: String,
        /// The build.
        build: i32,
        /// Its version.
        version: i32,
        /// This program's.
        ours: i32,
        /// What to do.
        advice: &'static str,
    },
    /// The stream's events do not wait.
    #[error("the stream {stream} is not parked in {name}: `annals read-model parked` lists those that are")]
    NotParked {
        /// The read model.
        name: String,
        /// The stream.
        stream: String,
    },
    /// The fold still refuses an event; what came before it is folded.
    #[error(
        "{resumed} events were folded; then {name} refused {event_type} at position {position}: {reason}"
    )]
    StillRefused {
        /// The read model.
        name: String,
        /// How many events were folded.
        resumed: u64,
        /// The position of the event.
        position: u64,
        /// Its type.
        event_type: String,
        /// Why.
        reason: String,
    },
    /// Somebody else changed the build meanwhile.
    #[error("somebody else changed the builds of the read model at the same time: try again")]
    Moved,
    /// Program and table do not fit.
    #[error("program and table do not fit: {0}")]
    Unfit(String),
    /// The log can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database is away.
    #[error("the database can't be reached: {0}")]
    Unavailable(#[from] sqlx::Error),
}

impl From<Obstacle> for OperationError {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Moved => Self::Moved,
            Obstacle::Unfit(reason) => Self::Unfit(reason),
            Obstacle::Read(error) => Self::Read(error),
            Obstacle::Away(error) => Self::Unavailable(error),
        }
    }
}
