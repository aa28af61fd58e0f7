//! Facts of usage come in over GraphQL.

use async_graphql::{Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::TenantId;
use domain::usage::{Event, Fact, InvalidFact, Usage as Aggregate};
use serde_json::json;
use store::{FactOutcome, FactRecord, Rejection};

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
}

impl UsageRecordInput {
    /// The record to append; its key is its own id, or its place in a batch that has a key.
    fn read(self, batch_key: Option<&str>, index: usize) -> Result<FactRecord<Event>, UserError> {
        let dimensions = attributes("dimensions", self.dimensions)?;
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
                Some(format!("usage:{}", id.as_str()))
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
        let mut records = Vec::new();
        let mut results: Vec<Option<UsageResult>> = Vec::new();
        for (index, record) in input.records.into_iter().enumerate() {
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
        let store = &ctx.data::<Options>()?.store;
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
