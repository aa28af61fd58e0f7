//! Taking one shard of a build to a position that is in the log already, outside of the rounds.

use std::sync::Arc;

use domain::RecordedEvent;
use sqlx::PgPool;
use store::{Filter, Log, ReadError};

use super::builds::Scope;
use super::context::Timeline;
use super::folding::AnyReadModel;
use super::page::{Page, Setback, Traveller, carry};
use super::rounds::isolate;

const PAGE: u32 = 5_000;

/// Why a build can't be taken further.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    /// Somebody else changes it at the same time.
    #[error("somebody else works on this build")]
    Moved,
    /// Program and table do not fit.
    #[error("{0}")]
    Unfit(String),
    /// The log can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database is away.
    #[error(transparent)]
    Away(#[from] sqlx::Error),
}

impl From<Setback> for Obstacle {
    fn from(setback: Setback) -> Self {
        match setback {
            Setback::Moved(_) => Self::Moved,
            Setback::Refused(_, reason) | Setback::Unfit(_, reason) => Self::Unfit(reason),
            Setback::Away(error) => Self::Away(error),
        }
    }
}

/// The part of the log that a build of this scope needs.
pub(super) fn filter(scope: &Scope, model: &dyn AnyReadModel) -> Filter {
    let Some(tenant) = scope.tenant else {
        return Filter::default();
    };
    Filter {
        stream: scope
            .stream(model)
            .map(|(kind, id)| (kind.to_owned(), id.to_owned())),
        ..Filter::tenant(tenant)
    }
}

impl Scope {
    /// The one stream whose events touch the row of the scope: when the row shows an aggregate's state.
    pub(super) fn stream(&self, model: &dyn AnyReadModel) -> Option<(&'static str, &str)> {
        match (model.key(), model.reads(), self.key.as_deref()) {
            (["tenant_id", "id"], [aggregate_type], Some([_, id])) => Some((aggregate_type, id)),
            _ => None,
        }
    }
}

/// The events after a position that pass a filter, and the position up to which all were looked at.
pub(super) async fn read(
    log: &Log,
    filter: &Filter,
    (after, upto): (u64, u64),
    limit: u32,
) -> Result<(Vec<RecordedEvent>, u64), ReadError> {
    let mut events = log.page(after, filter, limit).await?;
    let full = events.len() == limit as usize;
    let last = events.last().map_or(after, |event| event.position);
    events.retain(|event| event.position <= upto);
    Ok((events, if full { last.min(upto) } else { upto }))
}

/// Takes a traveller to a position, page by page.
pub(super) async fn catch_up(
    pool: &PgPool,
    log: &Log,
    traveller: &mut Traveller,
    upto: u64,
) -> Result<(), Obstacle> {
    let filter = filter(&traveller.scope, traveller.model.as_ref());
    let mut timeline = Timeline::default();
    while traveller.position < upto {
        let after = traveller.position;
        let (events, looked_at) = read(log, &filter, (after, upto), PAGE).await?;
        timeline.fill(pool, looked_at).await?;
        let page = Page {
            after,
            upto: looked_at,
            events: timeline.annotate(events.into_iter().map(Arc::new).collect()),
            log: log.clone(),
        };
        match carry(pool, std::slice::from_mut(traveller), &page).await {
            Err(Setback::Refused(..)) => isolate(pool, traveller, &page).await?,
            other => other?,
        }
    }
    Ok(())
}
