//! Facts of usage come in over GraphQL.

use std::collections::BTreeSet;

use async_graphql::{Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::usage::{Event, Fact, InvalidFact, Usage as Aggregate};
use domain::{Caller, TenantId};
use serde_json::json;
use store::{FactOutcome, FactRecord, Key, Rejection, Store};

use super::kit::{
    AttributeInput, Context, Cursor, DateTime, Decimal, IntoFault, May, UserError, attributes, check_key,
    key_of, parsed, store_fault,
};
use crate::auth::Identity;
use crate::options::Options;

/// Something that was used: how much of what, and by which dimensions.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct UsageRecordInput {
    /// The caller's own id of the record: the same id with the same content counts once.
    id: Option<ID>,
    /// Its name: `usage.` or `custom.`, then words (a-z, 0-9, '_') with dots between, for instance
    /// "usage.tokens.input".
    #[graphql(name = "type")]
    fact_type: String,
    /// How much. It may be negative: that is how a fact is corrected.
    quantity: Decimal,
    /// Of what, for instance "token".
    unit: Option<String>,
    /// Names and values by which it can be told apart, for instance `model: small`; at most 32.
    #[graphql(default)]
    dimensions: Vec<AttributeInput>,
    /// When it happened, if not now.
    occurred_at: Option<DateTime>,
    /// The id of the record that it corrects, which must be in the log: what is added to it, or taken off it. It becomes the
    /// dimension `corrects`.
    corrects: Option<ID>,
}

impl UsageRecordInput {
    /// The record to append; its key is its own id, or its place in a batch that has a key.
    fn read(self, batch_key: Option<&str>, index: usize) -> Result<FactRecord<Event>, UserError> {
        let mut dimensions = attributes("dimensions", self.dimensions)?;
        if let Some(corrected) = &self.corrects {
            let twice = dimensions.insert(Fact::CORRECTS.to_owned(), corrected.to_string());
            if twice.is_some() {
                let reason = "there is a dimension of this name, too: leave it out";
                return Err(UserError::invalid(&["corrects"], &reason));
            }
        }
        let fact_type = parsed("type", &self.fact_type)?;
        let fact = Fact::try_new(fact_type, self.quantity.0, self.unit, dimensions).map_err(|error| {
            let field = match &error {
                InvalidFact::Type(_) => "type",
                InvalidFact::Unit(_) => "unit",
                InvalidFact::TooManyDimensions(_)
                | InvalidFact::DimensionName(_)
                | InvalidFact::DimensionValue { .. } => "dimensions",
            };
            UserError::invalid(&[field], &error)
        })?;
        let at = self.occurred_at.map(|at| at.0);
        let asked = json!({ "mutation": "record_usage", "occurredAt": at, "fact": fact });
        let key = match (self.id, batch_key) {
            (Some(id), _) => {
                check_key(&id)
                    .map_err(|_| UserError::invalid(&["id"], &"it does not have 1 to 200 characters"))?;
                Some(key_of_id(&id))
            }
            (None, Some(batch)) => Some(format!("usage-batch:{batch}:{index}")),
            (None, None) => None,
        };
        Ok(FactRecord {
            key: key.map(|key| key_of(&key, &asked)),
            at,
            facts: vec![Event::Recorded(fact)],
        })
    }
}

/// The key of a record that has an id.
fn key_of_id(id: &ID) -> String {
    format!("usage:{}", id.as_str())
}

/// Takes down what was used, in a batch.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RecordUsageInput {
    /// What was used; each record is judged for itself.
    records: Vec<UsageRecordInput>,
    /// The same key with the same records counts once; for records without an id of their own.
    idempotency_key: Option<String>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum UsageOutcome {
    /// It is in the log now.
    Recorded,
    /// It was there before, the same.
    Known,
    /// Another record is there under its id or key.
    Conflicting,
    /// It breaks a rule.
    Rejected,
}

/// What became of one record.
#[derive(SimpleObject)]
pub(crate) struct UsageResult {
    /// What became of it.
    outcome: UsageOutcome,
    /// Its place in the log, if it is new there.
    cursor: Option<Cursor>,
    /// Why it is not in the log.
    user_errors: Vec<UserError>,
}

impl UsageResult {
    fn rejected(index: usize, error: UserError) -> Self {
        Self {
            outcome: UsageOutcome::Rejected,
            cursor: None,
            user_errors: vec![error.in_element("records", index)],
        }
    }

    fn of(tenant: TenantId, index: usize, outcome: FactOutcome) -> Self {
        let told = |outcome, code: &str, rejection: &Rejection| Self {
            outcome,
            cursor: None,
            user_errors: vec![UserError::at(&[], code, rejection.to_string()).in_element("records", index)],
        };
        match outcome {
            FactOutcome::Recorded { position } => Self {
                outcome: UsageOutcome::Recorded,
                cursor: Some(Cursor::at(tenant, position)),
                user_errors: Vec::new(),
            },
            FactOutcome::Known => Self {
                outcome: UsageOutcome::Known,
                cursor: None,
                user_errors: Vec::new(),
            },
            FactOutcome::Conflicting { rejection } => {
                told(UsageOutcome::Conflicting, "KEY_REUSED", &rejection)
            }
            FactOutcome::Rejected { rejection } => told(UsageOutcome::Rejected, "REJECTED", &rejection),
        }
    }
}

/// What came of a batch of usage.
#[derive(SimpleObject)]
pub(crate) struct RecordUsagePayload {
    /// What became of each record, in their order.
    results: Vec<UsageResult>,
    /// The place of the batch's last new fact in the log: give it as `atLeast` to see its effect.
    cursor: Option<Cursor>,
    /// What is wrong with the batch as a whole.
    user_errors: Vec<UserError>,
}

/// Which of the records that are to be corrected the tenant's log does not have.
async fn unknown(store: &Store, caller: &Caller, records: &[UsageRecordInput]) -> Result<BTreeSet<ID>> {
    let wanted: BTreeSet<ID> = records
        .iter()
        .filter_map(|record| record.corrects.clone())
        .collect();
    if wanted.is_empty() {
        return Ok(wanted);
    }
    let keys: Vec<Key> = wanted
        .iter()
        .map(|id| key_of(&key_of_id(id), &json!(null)))
        .collect();
    let known = store.known_keys(caller, &keys).await;
    let known = known.map_err(IntoFault::into_fault)?;
    let unknown = wanted.into_iter().zip(known).filter(|(_, known)| known.is_none());
    Ok(unknown.map(|(id, _)| id).collect())
}

/// What may be asked of usage.
#[derive(Default)]
pub(crate) struct UsageMutation;

#[Object]
impl UsageMutation {
    /// Takes down what was used, in a batch; each record is judged for itself.
    async fn record_usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: RecordUsageInput,
    ) -> Result<RecordUsagePayload> {
        let identity = ctx.data::<Identity>()?;
        let caller = May::Ingest
            .check(identity)
            .and_then(|()| identity.caller())
            .map_err(IntoFault::into_fault)?;
        let mut payload = RecordUsagePayload {
            results: Vec::new(),
            cursor: None,
            user_errors: Vec::new(),
        };
        if let Some(Err(error)) = input.idempotency_key.as_deref().map(check_key) {
            payload.user_errors.push(error);
            return Ok(payload);
        }
        let store = &ctx.data::<Options>()?.store;
        let unknown = unknown(store, &caller, &input.records).await?;
        let mut records = Vec::new();
        let mut results: Vec<Option<UsageResult>> = Vec::new();
        for (index, record) in input.records.into_iter().enumerate() {
            if let Some(id) = record.corrects.as_ref().filter(|id| unknown.contains(*id)) {
                let reason = format!("there is no record {:?} in the log to be corrected", id.as_str());
                let error = UserError::at(&["corrects"], "UNKNOWN_RECORD", reason);
                results.push(Some(UsageResult::rejected(index, error)));
                continue;
            }
            match record.read(input.idempotency_key.as_deref(), index) {
                Ok(record) => {
                    records.push(record);
                    results.push(None);
                }
                Err(error) => results.push(Some(UsageResult::rejected(index, error))),
            }
        }
        // A batch without any good record goes no further, unless it is empty: the log has a word for that.
        if records.is_empty() && !results.is_empty() {
            payload.results = results.into_iter().flatten().collect();
            return Ok(payload);
        }
        let mut outcomes = match store.append_facts::<Aggregate>(&caller, records).await {
            Ok(outcomes) => outcomes.into_iter(),
            Err(store::StoreError::Refused(refusal)) => {
                payload.user_errors.push(UserError::refusal(
                    domain::RefusalCode::code(&refusal),
                    refusal.to_string(),
                ));
                return Ok(payload);
            }
            Err(error) => return Err(store_fault(error)),
        };
        for (index, result) in results.into_iter().enumerate() {
            let judged = result.or_else(|| {
                let outcome = outcomes.next()?;
                Some(UsageResult::of(caller.tenant, index, outcome))
            });
            payload.results.extend(judged);
        }
        payload.cursor = payload
            .results
            .iter()
            .filter_map(|result| result.cursor.clone())
            .max_by_key(|cursor| cursor.position_of_any("cursor").unwrap_or_default());
        Ok(payload)
    }
}
