//! Of whom deliveries tell, and bodies that are blanked: of who is forgotten, and of what has lain long enough.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};

use super::Inbox;
use crate::error::Unavailable;

/// A person of whom a delivery tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The sender's id of the person.
    pub person: String,
    /// In which of the sender's organizations; `None`: in none.
    pub organization: Option<String>,
}

impl Inbox {
    /// Writes down of whom a delivery tells, before it is processed, so that its body is found when one of them is
    /// forgotten.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn mention(&self, source: &str, number: i64, people: &[Mention]) -> Result<(), Unavailable> {
        if people.is_empty() {
            return Ok(());
        }
        let persons: Vec<String> = people.iter().map(|mention| mention.person.clone()).collect();
        let organizations: Vec<Option<String>> = people
            .iter()
            .map(|mention| mention.organization.clone())
            .collect();
        sqlx::query!(
            r#"
            insert into webhook_mentions (source, person, organization, number)
            select $1, m.person, m.organization, $2
            from unnest($3::text[], $4::text[]) as m (person, organization)
            on conflict do nothing
            "#,
            source,
            number,
            &persons,
            &organizations as &[Option<String>]
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Blanks the body of a delivery that is processed, if it tells of a member who was forgotten; tells whether it did.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn blank_forgotten(&self, number: i64, now: Timestamp) -> Result<bool, Unavailable> {
        let blanked = sqlx::query_scalar!(
            r#"
            select webhook_blank(
                array(
                    select distinct m.number
                    from webhook_mentions m
                    join webhook_things t
                      on t.source = m.source and t.owner = m.person and t.forgotten_position is not null
                    where m.number = $1
                      and (m.organization is null
                           or m.organization = t.told #>> '{newest,1,membership,organization}')
                      and not webhook_is_held(m.number)
                ),
                $2
            ) as "blanked!"
            "#,
            number,
            now.to_sqlx() as SqlTimestamp
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(blanked > 0)
    }

    /// Blanks up to `limit` bodies that need not be processed any more: those that came before a moment (`None`: whenever
    /// they came, they stay), but for members under legal hold, and those of members who were forgotten while
    /// their delivery was under way. Tells how many.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn blank_due(
        &self,
        before: Option<Timestamp>,
        limit: i64,
        now: Timestamp,
    ) -> Result<u64, Unavailable> {
        let blanked = sqlx::query_scalar!(
            r#"
            select webhook_blank(
                array(
                    (
                        select i.number
                        from webhook_inbox i
                        where i.received_at < $1
                          and i.blanked_at is null
                          and i.state in ('processed', 'kept', 'refused')
                          and not webhook_is_held(i.number)
                        order by i.received_at
                        limit $2
                    )
                    union
                    (
                        select b.number
                        from webhook_things t
                        cross join lateral webhook_bodies_about(
                            t.source, t.owner, t.told #>> '{newest,1,membership,organization}'
                        ) as b (number)
                        join webhook_inbox i on i.number = b.number and i.state in ('processed', 'kept', 'refused')
                        where t.forgotten_position is not null
                        limit $2
                    )
                    limit $2
                ),
                $3
            ) as "blanked!"
            "#,
            before.map(|before| before.to_sqlx()) as Option<SqlTimestamp>,
            limit,
            now.to_sqlx() as SqlTimestamp
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(u64::try_from(blanked).unwrap_or_default())
    }
}
