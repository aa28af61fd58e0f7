//! Asks for a person to be forgotten; the key dies in the transaction in which the log says so.

use domain::subject::{Command, Refusal, Subject, SubjectId};
use domain::{Caller, TenantId};
use sqlx::PgPool;

use crate::Store;
use crate::commands::Orders;
use crate::error::{ReadError, StoreError};

/// A person that is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The position of the event that says so.
    pub position: u64,
    /// Whether it was forgotten before, and nothing came in since.
    pub known: bool,
}

/// Why a person was not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// There is no data about the subject in this tenant.
    #[error("nothing is known about {0} in this tenant")]
    Unknown(SubjectId),
    /// Some of it is in a file, and the read models could not be masked.
    #[error(
        "events about {subject} of {year} are archived in {file}: read them with `annals archive mount`, and \
         ask again"
    )]
    Archived {
        /// Whom.
        subject: SubjectId,
        /// Of which year.
        year: i32,
        /// Where they are.
        file: String,
    },
    /// The rules say no, for instance because of a legal hold, or the log is away.
    #[error(transparent)]
    Log(#[from] StoreError<Refusal>),
}

impl From<sqlx::Error> for ForgetError {
    fn from(error: sqlx::Error) -> Self {
        Self::Log(StoreError::Unreadable(error.into()))
    }
}

impl From<ReadError> for ForgetError {
    fn from(error: ReadError) -> Self {
        Self::Log(StoreError::Unreadable(error))
    }
}

impl Store {
    /// Forgets a person of the caller's tenant: when this returns, its keys are destroyed. Asked again, it gives the
    /// first position again, unless more came in about the person meanwhile: that is erased as well, by an event of
    /// its own.
    ///
    /// # Errors
    /// [`ForgetError`]: then nothing was erased.
    pub async fn forget(
        &self,
        caller: &Caller,
        subject: &SubjectId,
        reason: &str,
    ) -> Result<Forgotten, ForgetError> {
        let known = self.subject(caller.tenant, subject).await?;
        let known = known.ok_or_else(|| ForgetError::Unknown(subject.clone()))?;
        if let (0, Some((position, _))) = (known.keys, known.forgotten.first()) {
            return Ok(Forgotten {
                position: *position,
                known: true,
            });
        }
        if let Some((year, file)) = archived(self.streams_pool(), caller.tenant, subject).await? {
            return Err(ForgetError::Archived {
                subject: subject.clone(),
                year,
                file,
            });
        }
        let command = Command::Forget {
            reason: reason.to_owned(),
        };
        let committed = self
            .execute::<Subject>(caller, subject, Orders::one(command))
            .await?;
        self.drop_opened(caller.tenant);
        Ok(Forgotten {
            position: committed.position,
            known: false,
        })
    }
}

/// The first archived year in which something about a subject was recorded that can still be opened.
async fn archived(
    pool: &PgPool,
    tenant: TenantId,
    subject: &SubjectId,
) -> Result<Option<(i32, String)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select a.year, a.file
        from subject_keys k
        join log_archives a on a.year = extract(year from k.month) and a.mounted_at is null
        where k.tenant_id = $1
          and k.subject = $2
          and k.wrapped is not null
        order by a.year
        limit 1
        "#,
        tenant.to_string(),
        subject.to_string()
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| (row.year, row.file)))
}
