//! An entity's history as steps: each event, the state after it, and what changed.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::{AnyAggregate, RecordedEvent, StreamId};
use serde_json::Value;
use store::{Log, Part, Place};

use super::differences::{Change, differences};
use super::explain::Story;
use super::{Past, PastError};
use crate::engine::AnyReadModel;
use crate::engine::history::{Fields, Touch};

/// How many events are read at once.
const PAGE: u32 = 500;
/// Columns that say nothing about the entity, or that only the program itself needs.
const HIDDEN: &[&str] = &["tenant_id", "position", "hash", "previous_hash"];

/// A step of an entity's history.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happened.
    pub event: Arc<RecordedEvent>,
    /// The state after it: the row of the entity's read model; for kinds without one, what its rules know of it. `Null`
    /// when there is none.
    pub state: Value,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// A part of an entity's history.
#[derive(Clone, Debug)]
pub struct Steps {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Whether there are more after them.
    pub more: bool,
}

/// An entity's history, page by page of its stream: one of a million events is never in memory at once.
pub struct Replay {
    log: Log,
    part: Part,
    place: Place,
    upto: u64,
    rules: AnyAggregate,
    rows: Option<Rows>,
    state: Value,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Replay of {:?}", self.part)
    }
}

/// The entity's row on its way.
struct Rows {
    story: Option<Story>,
    touches: VecDeque<Touch>,
    row: Value,
}

impl Past {
    /// Begins the replay of a stream, up to a position.
    ///
    /// # Errors
    /// [`PastError::UnknownEntity`] when there is no such kind of aggregate; others when the log can't be read.
    pub async fn replay(&self, stream: &StreamId, upto: u64) -> Result<Replay, PastError> {
        let kind = stream.aggregate_type;
        let rules = AnyAggregate::new(kind).ok_or_else(|| unknown(kind))?;
        let rows = match row_of(kind, &stream.id) {
            Some(key) => Some(Rows {
                story: Some(self.story(kind, stream.tenant, &key, Some(upto)).await?),
                touches: VecDeque::new(),
                row: Value::Null,
            }),
            None => None,
        };
        Ok(Replay {
            log: self.log.clone(),
            part: Part::Stream(stream.clone()),
            place: Place::default(),
            upto,
            rules,
            rows,
            state: Value::Null,
        })
    }

    /// A page of an entity's steps: up to `limit` after a position, up to another.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn steps(
        &self,
        stream: &StreamId,
        (after, upto): (u64, u64),
        limit: usize,
    ) -> Result<Steps, PastError> {
        self.in_time(async {
            let mut replay = self.replay(stream, upto).await?;
            let mut steps = Vec::new();
            while let Some(page) = replay.next().await? {
                steps.extend(page.into_iter().filter(|step| step.event.position > after));
                if steps.len() > limit {
                    steps.truncate(limit);
                    return Ok(Steps { steps, more: true });
                }
            }
            Ok(Steps { steps, more: false })
        })
        .await
    }

    /// An entity as it was at a position: its last step until then; `None` when nothing had happened to it.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn state(&self, stream: &StreamId, upto: u64) -> Result<Option<Step>, PastError> {
        self.in_time(async {
            let mut replay = self.replay(stream, upto).await?;
            let mut last = None;
            while let Some(mut page) = replay.next().await? {
                last = page.pop();
            }
            Ok(last)
        })
        .await
    }
}

impl Replay {
    /// The next steps; `None`: that was all.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn next(&mut self) -> Result<Option<Vec<Step>>, PastError> {
        let page = self.log.part(&self.part, self.place, self.upto, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.place = Place::after(last);
        let mut steps = Vec::with_capacity(page.len());
        for event in page {
            let (before, after) = match &mut self.rows {
                Some(rows) => rows.at(event.position).await?,
                None => {
                    self.rules.apply(event.event.clone());
                    let after = self.rules.state();
                    (std::mem::replace(&mut self.state, after.clone()), after)
                }
            };
            steps.push(Step {
                event: Arc::new(event),
                changes: differences(&before, &after),
                state: after,
            });
        }
        Ok(Some(steps))
    }
}

impl Rows {
    /// The row right before and right after an event of the stream.
    async fn at(&mut self, position: u64) -> Result<(Value, Value), PastError> {
        loop {
            match self.touches.front() {
                Some(touch) if touch.event.position < position => self.take(),
                Some(touch) => {
                    let before = self.row.clone();
                    if touch.event.position == position {
                        self.take();
                    }
                    return Ok((before, self.row.clone()));
                }
                None => match &mut self.story {
                    None => return Ok((self.row.clone(), self.row.clone())),
                    Some(story) => match story.next().await {
                        Ok(Some(touches)) => self.touches.extend(touches),
                        // No event ever made the row: what happened left no trace in it.
                        Ok(None) | Err(PastError::NoSuchRow { .. }) => self.story = None,
                        Err(error) => return Err(error),
                    },
                },
            }
        }
    }

    fn take(&mut self) {
        if let Some(touch) = self.touches.pop_front() {
            self.row = touch.row.map_or(Value::Null, shown);
        }
    }
}

fn shown(mut row: Fields) -> Value {
    row.retain(|column, _| !HIDDEN.contains(&column.as_str()));
    Value::Object(row)
}

/// The key of the row that shows an aggregate, beside the tenant's column: of the read model of its name.
fn row_of(kind: &str, id: &str) -> Option<Vec<(String, String)>> {
    let models = crate::all();
    let model = models.iter().find(|model| model.name() == kind)?;
    match beside_the_tenant(model.as_ref())[..] {
        [] => Some(Vec::new()),
        [column] => Some(vec![(column.to_owned(), id.to_owned())]),
        _ => None,
    }
}

fn beside_the_tenant(model: &dyn AnyReadModel) -> Vec<&'static str> {
    let columns = model.key().iter().copied();
    columns.filter(|column| *column != "tenant_id").collect()
}

/// There is no such kind of aggregate.
fn unknown(kind: &str) -> PastError {
    PastError::UnknownEntity {
        name: kind.to_owned(),
        known: domain::Event::AGGREGATE_TYPES.to_vec(),
    }
}

/// The stream of `kind/id` in a tenant.
///
/// # Errors
/// [`PastError::UnknownEntity`] when there is no such kind, or the text is none.
pub fn stream_named(tenant: domain::TenantId, entity: &str) -> Result<StreamId, PastError> {
    let (kind, id) = entity.split_once('/').unwrap_or((entity, ""));
    let known = domain::Event::AGGREGATE_TYPES.iter();
    match known.copied().find(|known| *known == kind) {
        Some(aggregate_type) if !id.is_empty() => Ok(StreamId {
            aggregate_type,
            tenant,
            id: id.to_owned(),
        }),
        _ => Err(unknown(entity)),
    }
}
