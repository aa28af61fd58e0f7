//! The events whose personal fields an erasure took.

use domain::{RecordedEvent, TenantId};
use sqlx::{Postgres, QueryBuilder};

use crate::error::ReadError;
use crate::log::{COLUMNS, Log};

impl Log {
    /// The events at hand whose keys died with the event at a position, as they read now, in no order: those of up to
    /// `keys` keys after `after` (empty: from the first on), and the last of these keys; `None`: that was all.
    ///
    /// # Errors
    /// [`ReadError`] as of any reading.
    pub async fn erased_at(
        &self,
        (tenant, position): (TenantId, u64),
        after: &str,
        keys: u32,
    ) -> Result<Option<(Vec<RecordedEvent>, String)>, ReadError> {
        let (tenant, position) = (tenant.to_string(), i64::try_from(position).unwrap_or(i64::MAX));
        let erased = sqlx::query!(
            r#"
            select key_id, subject, event_type
            from subject_keys
            where tenant_id = $1
              and erased_position = $2
              and wrapped is null
              and key_id > $3
            order by key_id
            limit $4
            "#,
            tenant,
            position,
            after,
            i64::from(keys)
        )
        .fetch_all(self.pool())
        .await?;
        let Some(last) = erased.last().map(|key| key.key_id.clone()) else {
            return Ok(None);
        };
        let (mut kinds, mut ids, mut actors, mut types) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for key in erased {
            let (kind, id) = key.subject.split_once('/').unwrap_or_default();
            kinds.push(kind.to_owned());
            ids.push(format!("{tenant}:{id}"));
            actors.push(format!("{kind}:{id}"));
            types.push(key.event_type);
        }
        let mut query = QueryBuilder::<Postgres>::new("select ");
        query
            .push(COLUMNS)
            .push(" from events_at_hand join unnest(")
            .push_bind(kinds)
            .push("::text[], ")
            .push_bind(ids)
            .push("::text[], ")
            .push_bind(types.clone())
            .push(
                "::text[]) as k (kind, whole_id, of_type) on aggregate_type = k.kind collate \"C\" \
                 and aggregate_id = k.whole_id collate \"C\" and event_type = k.of_type collate \"C\" \
                 where position <= ",
            )
            .push_bind(position)
            .push(" union all select ")
            .push(COLUMNS)
            .push(" from events_at_hand join unnest(")
            .push_bind(actors)
            .push("::text[], ")
            .push_bind(types)
            .push(
                "::text[]) as k (whose, of_type) on actor = k.whose and event_type = k.of_type collate \"C\" \
                 where aggregate_type = 'access' and tenant_id = ",
            )
            .push_bind(tenant)
            .push(" and position <= ")
            .push_bind(position);
        let rows = query.build().fetch_all(self.pool()).await?;
        Ok(Some((self.decode_all(&rows).await?, last)))
    }
}
