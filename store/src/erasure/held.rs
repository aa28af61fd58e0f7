//! Whom a legal hold keeps readable in a year of the log, wherever that year is.

use sqlx::PgPool;

use crate::error::ReadError;

/// Subjects under legal hold of whom something personal was recorded in a year, and can still be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldYear {
    /// How many.
    pub subjects: u64,
    /// Of how many tenants.
    pub tenants: u64,
}

/// Counts those of a year of recording (UTC), of all tenants.
///
/// # Errors
/// [`ReadError::Unavailable`] when the database is away.
pub async fn held_in(pool: &PgPool, year: i32) -> Result<HeldYear, ReadError> {
    let row = sqlx::query!(
        r#"
        select count(distinct (k.tenant_id, k.subject)) as "subjects!", count(distinct k.tenant_id) as "tenants!"
        from subject_keys k
        join subject_holds h on h.tenant_id = k.tenant_id and h.subject = k.subject
        where k.month >= make_date($1, 1, 1)
          and k.month < make_date($1 + 1, 1, 1)
          and k.wrapped is not null
        "#,
        year
    )
    .fetch_one(pool)
    .await?;
    let number = |value: i64| u64::try_from(value).unwrap_or_default();
    Ok(HeldYear {
        subjects: number(row.subjects),
        tenants: number(row.tenants),
    })
}
