//! Why a row is as it is: the events that made it, and its value after each.

use domain::TenantId;
use serde_json::Value;

use super::{Past, PastError, model_named};
use crate::engine::AnyReadModel;
use crate::engine::history::{Fields, OneRow, Pace, Touch, Walk, again, is_number};

/// A part of a row's story.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The events that changed the row, in order, with its value after each.
    pub touches: Vec<Touch>,
    /// Whether there are more after them.
    pub more: bool,
}

/// A row's story, page by page of the log: a row that a million events made is never in memory at once.
pub struct Story {
    walk: Walk,
    pace: Pace,
    row: Box<dyn OneRow>,
    read_model: &'static str,
    key: String,
    upto: u64,
    is_made: bool,
}

impl std::fmt::Debug for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Story of {} {}", self.read_model, self.key)
    }
}

impl Story {
    /// The next events that wrote the row; `None`: that was all. Those that left it as it was have no
    /// `changed` columns.
    ///
    /// # Errors
    /// [`PastError::NoSuchRow`] when no event ever made the row.
    pub async fn next(&mut self) -> Result<Option<Vec<Touch>>, PastError> {
        loop {
            let page = self.walk.next(&mut self.pace).await?;
            if page.is_empty() {
                if self.is_made {
                    return Ok(None);
                }
                return Err(PastError::NoSuchRow {
                    read_model: self.read_model,
                    key: self.key.clone(),
                    position: self.upto,
                });
            }
            let touches = self.row.take(&page)?;
            if !touches.is_empty() {
                self.is_made = true;
                return Ok(Some(touches));
            }
        }
    }
}

impl Past {
    /// Begins the story of a row up to a position (the log's end, when none is given). The key is given as
    /// names and values of its columns, without the tenant's.
    ///
    /// # Errors
    /// [`PastError`] when there is no such read model, or its key is made of other columns.
    pub async fn story(
        &self,
        read_model: &str,
        tenant: TenantId,
        key: &[(String, String)],
        upto: Option<u64>,
    ) -> Result<Story, PastError> {
        let model = model_named(read_model)?;
        let table = self.reader.table_named(model.name(), model.key()).await?;
        let key = key_columns(model.as_ref(), tenant, key, |column| is_number(&table, column))?;
        let wrong = |problem| wrong_key(model.as_ref(), format!("{problem}"));
        let folding = again(model.as_ref());
        let part = folding.part(&key).map_err(wrong)?;
        let row = folding.one_row(&key, table).map_err(wrong)?;
        let upto = match upto {
            Some(upto) => upto,
            None => self.log.head().await?,
        };
        let waiting = self.waiting(model.name(), tenant).await?;
        Ok(Story {
            walk: Walk::new(self.log.clone(), part, upto).without(waiting),
            pace: Pace::new(None),
            row,
            read_model: model.name(),
            key: Value::Object(key).to_string(),
            upto,
            is_made: false,
        })
    }

    /// A page of a story: up to `limit` events that changed the row, after a position.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn explain(&self, story: Story, after: u64, limit: usize) -> Result<Explained, PastError> {
        self.in_time(part_of(story, after, limit)).await
    }
}

async fn part_of(mut story: Story, after: u64, limit: usize) -> Result<Explained, PastError> {
    let mut touches = Vec::new();
    while let Some(page) = story.next().await? {
        let wanted = page
            .into_iter()
            .filter(|touch| touch.event.position > after && !touch.changed.is_empty());
        touches.extend(wanted);
        if touches.len() > limit {
            touches.truncate(limit);
            return Ok(Explained { touches, more: true });
        }
    }
    Ok(Explained { touches, more: false })
}

/// The whole key from what was given of it as text.
fn key_columns(
    model: &dyn AnyReadModel,
    tenant: TenantId,
    given: &[(String, String)],
    is_number: impl Fn(&str) -> bool,
) -> Result<Fields, PastError> {
    let mut key = Fields::new();
    key.insert("tenant_id".to_owned(), Value::String(tenant.to_string()));
    for (column, value) in given {
        let is_known = beside_the_tenant(model).contains(&column.as_str());
        if !is_known {
            return Err(wrong_key(model, format!("there is no {column:?} in it")));
        }
        let value = if is_number(column) {
            let number = value.parse::<u64>().map(Value::from);
            number.map_err(|_| wrong_key(model, format!("{column}: {value:?} is not a number")))?
        } else {
            Value::String(value.clone())
        };
        if key.insert(column.clone(), value).is_some() {
            return Err(wrong_key(model, format!("{column:?} is there twice")));
        }
    }
    match model.key().iter().find(|column| !key.contains_key(**column)) {
        Some(missing) => Err(wrong_key(model, format!("{missing:?} is missing"))),
        None => Ok(key),
    }
}

fn beside_the_tenant(model: &dyn AnyReadModel) -> Vec<&'static str> {
    let columns = model.key().iter().copied();
    columns.filter(|column| *column != "tenant_id").collect()
}

fn wrong_key(model: &dyn AnyReadModel, problem: String) -> PastError {
    PastError::WrongKey {
        read_model: model.name(),
        wanted: beside_the_tenant(model),
        problem,
    }
}
