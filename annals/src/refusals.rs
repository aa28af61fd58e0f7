//! What a command refuses, as an error tells it: a name for machines and a text for people.

use std::fmt;

use api::freezing::FreezingError;
use api::invoicing::InvoicingError;
use domain::{RefusalCode, retention, subject};
use ingest::csv_file::SyncError;
use projections::{OperationError, StatementError};
use store::{ArchiveError, ForgetError, ReadError, RetentionError, SealError, StoreError};

/// A refusal of the command line's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its name for machines, in upper case with underscores.
    pub(crate) code: &'static str,
    /// What is wrong, where, and what to do.
    pub(crate) message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

/// The refusal that ended a command; `None`: something was away or broken, and nobody refused anything.
pub(crate) fn refusal(error: &anyhow::Error) -> Option<Refused> {
    Some(Refused {
        code: code(error)?,
        message: format!("{error:#}"),
    })
}

fn code(error: &anyhow::Error) -> Option<&'static str> {
    let of = (error.downcast_ref::<Refused>().map(|refused| refused.code))
        .or_else(|| error.downcast_ref().and_then(archive))
        .or_else(|| error.downcast_ref().and_then(forget))
        .or_else(|| error.downcast_ref().and_then(retention_rule))
        .or_else(|| error.downcast_ref().and_then(command::<retention::Refusal>))
        .or_else(|| error.downcast_ref().and_then(command::<subject::Refusal>));
    of.or_else(|| error.downcast_ref().and_then(invoice))
        .or_else(|| error.downcast_ref().and_then(freezing))
        .or_else(|| error.downcast_ref().and_then(import))
        .or_else(|| error.downcast_ref().and_then(operation))
        .or_else(|| error.downcast_ref().and_then(seal))
}

fn command<R: RefusalCode + std::error::Error>(error: &StoreError<R>) -> Option<&'static str> {
    match error {
        StoreError::Refused(refusal) => Some(refusal.code()),
        StoreError::Rejected(_) => Some("REJECTED"),
        StoreError::Conflict { .. } => Some("CONFLICT"),
        StoreError::Unreadable(error) => read(error),
        StoreError::Unavailable(_) => None,
    }
}

const fn read(error: &ReadError) -> Option<&'static str> {
    match error {
        ReadError::Archived(_) | ReadError::ArchivedStream { .. } => Some("ARCHIVED"),
        _ => None,
    }
}

fn forget(error: &ForgetError) -> Option<&'static str> {
    match error {
        ForgetError::Unknown(_) => Some("NOT_FOUND"),
        ForgetError::Archived { .. } => Some("ARCHIVED"),
        ForgetError::Log(error) => command(error),
    }
}

fn retention_rule(error: &RetentionError) -> Option<&'static str> {
    match error {
        RetentionError::Archived { .. } => Some("ARCHIVED"),
        RetentionError::Log(error) => command(error),
    }
}

fn invoice(error: &InvoicingError) -> Option<&'static str> {
    match error {
        InvoicingError::Nothing => Some("NOTHING_TO_BILL"),
        InvoicingError::Bill(StatementError::NotOver { .. }) => Some("PERIOD_NOT_OVER"),
        InvoicingError::Bill(StatementError::NotBegun { .. }) => Some("PERIOD_NOT_BEGUN"),
        InvoicingError::Bill(StatementError::BeforeStart(_)) => Some("BEFORE_START"),
        InvoicingError::Bill(StatementError::Past(_)) | InvoicingError::Query(_) => None,
        InvoicingError::Bill(_) => Some("CANNOT_BE_BILLED"),
        InvoicingError::Store(error) => command(error),
        InvoicingError::Log(error) => read(error),
        InvoicingError::Busy => Some("CONFLICT"),
    }
}

fn freezing(error: &FreezingError) -> Option<&'static str> {
    match error {
        FreezingError::Roi(_) => None,
        FreezingError::Store(error) => command(error),
        FreezingError::Id(_) => Some("INVALID"),
    }
}

const fn import(error: &SyncError) -> Option<&'static str> {
    match error {
        SyncError::Refused { code, .. } => Some(code),
        SyncError::Csv(_) => Some("INVALID"),
        SyncError::Unavailable { .. } => None,
    }
}

const fn archive(error: &ArchiveError) -> Option<&'static str> {
    match error {
        ArchiveError::File { .. } => Some("FILE_NOT_WHOLE"),
        ArchiveError::NotOwner { .. } => Some("NOT_OWNER"),
        ArchiveError::NotOver { .. } => Some("NOT_OVER"),
        ArchiveError::NotFirst { .. } => Some("NOT_FIRST"),
        ArchiveError::NotSealed { .. } => Some("NOT_SEALED"),
        ArchiveError::Nothing { .. } => Some("NOT_FOUND"),
        ArchiveError::ArchivedElsewhere { .. } => Some("ARCHIVED_ELSEWHERE"),
        ArchiveError::Differs { .. } => Some("DIFFERS"),
        ArchiveError::Broken { .. } => Some("NOT_WHOLE"),
        ArchiveError::Unproven { .. } => Some("NOT_PROVEN"),
        ArchiveError::Unsigned { .. } => Some("NOT_SIGNED"),
        ArchiveError::Mounted { .. } => Some("MOUNTED"),
        ArchiveError::NotMounted { .. } => Some("NOT_MOUNTED"),
        ArchiveError::NoTenant { .. } => Some("NOT_FOUND"),
        ArchiveError::OtherDatabase { .. } => Some("OTHER_DATABASE"),
        ArchiveError::NotArchived { .. } => Some("NOT_ARCHIVED"),
        ArchiveError::NotTheNoted { .. } => Some("NOT_THE_NOTED"),
        ArchiveError::NotNewest { .. } => Some("NOT_NEWEST"),
        ArchiveError::Busy { .. } | ArchiveError::Read(_) => None,
    }
}

const fn operation(error: &OperationError) -> Option<&'static str> {
    match error {
        OperationError::UnknownReadModel { .. } | OperationError::UnknownTenant(_) => Some("NOT_FOUND"),
        OperationError::WrongKey { .. } => Some("INVALID"),
        OperationError::NeverRan { .. } => Some("NEVER_RAN"),
        OperationError::NoBuild { .. } => Some("NO_BUILD"),
        OperationError::AlreadyThere { .. } => Some("ALREADY_THERE"),
        OperationError::Differs { .. } => Some("DIFFERS"),
        OperationError::OtherFold { .. } => Some("OTHER_FOLD"),
        OperationError::NotParked { .. } => Some("NOT_PARKED"),
        OperationError::StillRefused { .. } => Some("STILL_REFUSED"),
        OperationError::Busy { .. } | OperationError::Moved => Some("CONFLICT"),
        OperationError::Read(error) => read(error),
        OperationError::Unfit(_) | OperationError::Unavailable(_) => None,
    }
}

const fn seal(error: &SealError) -> Option<&'static str> {
    match error {
        SealError::OtherKey { .. } => Some("OTHER_KEY"),
        SealError::Note(_) => Some("NOT_SIGNED"),
        SealError::NothingSealed | SealError::NoCheckpoint { .. } => Some("NOT_FOUND"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;
    use domain::subject;
    use store::{ArchiveError, ForgetError, StoreError, Unavailable};

    use super::{Refused, refusal};

    #[test]
    fn a_refusal_is_found_under_what_was_said_about_it_and_an_outage_is_none() {
        let held = subject::Refusal::UnderLegalHold("case-1".to_owned());
        let held: anyhow::Error = ForgetError::Log(StoreError::Refused(held)).into();
        let held: Result<(), _> = Err(held);
        let refused = refusal(&held.context("while forgetting").unwrap_err()).unwrap();
        assert_eq!(refused.code, "UNDER_LEGAL_HOLD");
        assert!(
            refused.message.starts_with("while forgetting: ") && refused.message.contains("case-1"),
            "{refused}"
        );
        let early = ArchiveError::NotOver { year: 2026 };
        assert_eq!(refusal(&early.into()).unwrap().code, "NOT_OVER");
        let own = Refused {
            code: "STILL_NEEDED",
            message: "not yet".to_owned(),
        };
        assert_eq!(refusal(&own.clone().into()), Some(own));

        let away = Unavailable {
            reason: "no route".to_owned(),
            retry_after: std::time::Duration::ZERO,
        };
        let away: StoreError<subject::Refusal> = away.into();
        assert_eq!(refusal(&away.into()), None);
        assert_eq!(refusal(&anyhow::anyhow!("the disk is full")), None);
    }
}
