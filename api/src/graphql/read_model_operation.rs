//! What the platform's administrator does with read models: rebuild, switch, go back, discard, resume.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::{InputObject, InputType, Object, Result, SimpleObject, TypeName};
use domain::{Event, StreamId, TenantId};
use projections::{Estimate, OperationError, Order, Scope};

use super::kit::{Context, Long, Ulid, UserError, payload_name};
use super::read_model::{ReadModelBuild, ReadModelSwitchPolicy, long, operations, refused};
use super::read_model_diff::ReadModelDiff;

/// Fills a read model anew from the log, beside the live build.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RebuildReadModelInput {
    /// The read model, for instance "lead".
    name: String,
    /// Only this tenant's rows.
    tenant: Option<Ulid>,
    /// Only the row with these values in its key's columns after the tenant's, in order; needs `tenant`.
    key: Option<Vec<String>>,
    /// What a switch demands of the difference to the live build.
    #[graphql(default_with = "ReadModelSwitchPolicy::Any")]
    policy: ReadModelSwitchPolicy,
    /// Switches as soon as it is filled, if the policy allows.
    #[graphql(default)]
    switch_when_ready: bool,
    /// Only tells what it would take, and changes nothing.
    #[graphql(default)]
    dry_run: bool,
}

/// Lets the build that is ready take the live one's place.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SwitchReadModelInput {
    /// The read model.
    name: String,
}

/// Goes back to the build that was live before the last switch.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RollbackReadModelInput {
    /// The read model.
    name: String,
}

/// Accepts the difference of the build that is ready, as it is.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct AcceptReadModelDiffInput {
    /// The read model.
    name: String,
}

/// Throws away the build that was filled anew, or else the one that was live before.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct DiscardReadModelBuildInput {
    /// The read model.
    name: String,
}

/// After a fix, folds what waits of a parked stream, in order.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ResumeReadModelInput {
    /// The read model.
    name: String,
    /// The stream's tenant.
    tenant: Ulid,
    /// The stream, as `parkedStreams` tells it, for instance `lead/01K...`.
    stream: String,
}

/// What a rebuild would take.
#[derive(SimpleObject)]
pub(crate) struct ReadModelEstimate {
    /// How many events would be read.
    events: Long,
    /// How many rows there are now.
    rows: Long,
    /// How long it would take, in milliseconds, from a sample of the log.
    expected_ms: Long,
}

impl From<Estimate> for ReadModelEstimate {
    fn from(estimate: Estimate) -> Self {
        Self {
            events: long(estimate.events),
            rows: long(estimate.rows),
            expected_ms: long(estimate.expected_ms),
        }
    }
}

/// What came of an order to rebuild.
#[derive(Default, SimpleObject)]
pub(crate) struct RebuildReadModelPayload {
    /// The build, which a running projector fills; null after a dry run.
    build: Option<ReadModelBuild>,
    /// What it would take, after a dry run.
    estimate: Option<ReadModelEstimate>,
    /// Why nothing was begun.
    user_errors: Vec<UserError>,
}

/// What came of an operation on a build.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct BuildPayload<I: InputType> {
    /// The build: live again, or discarded.
    build: Option<ReadModelBuild>,
    /// Why nothing was changed.
    user_errors: Vec<UserError>,
    #[graphql(skip)]
    input: PhantomData<fn() -> I>,
}

impl<I: InputType> TypeName for BuildPayload<I> {
    fn type_name() -> Cow<'static, str> {
        payload_name::<I>()
    }
}

impl<I: InputType> BuildPayload<I> {
    fn of(outcome: Result<projections::Build, OperationError>) -> Result<Self> {
        let mut payload = Self {
            build: None,
            user_errors: Vec::new(),
            input: PhantomData,
        };
        match outcome {
            Ok(build) => payload.build = Some(build.into()),
            Err(error) => payload.user_errors.push(refused(error)?),
        }
        Ok(payload)
    }
}

/// What came of an operation on the difference of two builds.
#[derive(Default, SimpleObject)]
pub(crate) struct ReadModelDiffPayload {
    /// The difference, counted: `readModelDiff` lists its rows.
    diff: Option<ReadModelDiff>,
    /// Why nothing was changed.
    user_errors: Vec<UserError>,
}

impl ReadModelDiffPayload {
    fn of(outcome: Result<projections::Diff, OperationError>) -> Result<Self> {
        let mut payload = Self::default();
        match outcome {
            Ok(diff) => payload.diff = Some((&diff).into()),
            Err(error) => payload.user_errors.push(refused(error)?),
        }
        Ok(payload)
    }
}

/// What came of resuming a stream.
#[derive(Default, SimpleObject)]
pub(crate) struct ResumeReadModelPayload {
    /// How many events were folded, also when one after them is refused again.
    events: Option<Long>,
    /// Why the stream still waits.
    user_errors: Vec<UserError>,
}

/// What the platform's administrator can do with read models.
#[derive(Default)]
pub(crate) struct ReadModelMutation;

#[Object]
impl ReadModelMutation {
    /// Fills a read model anew beside the live build; a running projector does it. For the platform's
    /// administrator.
    async fn rebuild_read_model(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: RebuildReadModelInput,
    ) -> Result<RebuildReadModelPayload> {
        let operations = operations(ctx)?;
        let mut payload = RebuildReadModelPayload::default();
        let scope = match scope(input.tenant, input.key) {
            Ok(scope) => scope,
            Err(error) => {
                payload.user_errors.push(error);
                return Ok(payload);
            }
        };
        if input.dry_run {
            match operations.estimate(&input.name, &scope).await {
                Ok(estimate) => payload.estimate = Some(estimate.into()),
                Err(error) => payload.user_errors.push(refused(error)?),
            }
            return Ok(payload);
        }
        let order = Order {
            scope,
            policy: input.policy.into(),
            switch_when_ready: input.switch_when_ready,
        };
        match operations.rebuild(&input.name, order).await {
            Ok(build) => payload.build = Some(build.into()),
            Err(error) => payload.user_errors.push(refused(error)?),
        }
        Ok(payload)
    }

    /// Lets the build that is ready take the live one's place, if its policy allows. For the platform's
    /// administrator.
    async fn switch_read_model(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: SwitchReadModelInput,
    ) -> Result<ReadModelDiffPayload> {
        ReadModelDiffPayload::of(operations(ctx)?.switch(&input.name).await)
    }

    /// Goes back to the build that was live before the last switch. For the platform's administrator.
    async fn rollback_read_model(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: RollbackReadModelInput,
    ) -> Result<BuildPayload<RollbackReadModelInput>> {
        BuildPayload::of(operations(ctx)?.rollback(&input.name).await)
    }

    /// Accepts the difference as it is: a switch under the policy `ACCEPTED` may go on while it stays so. For
    /// the platform's administrator.
    async fn accept_read_model_diff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: AcceptReadModelDiffInput,
    ) -> Result<ReadModelDiffPayload> {
        ReadModelDiffPayload::of(operations(ctx)?.accept(&input.name).await)
    }

    /// Throws away the build that was filled anew, or else the one that was live before. For the platform's
    /// administrator.
    async fn discard_read_model_build(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: DiscardReadModelBuildInput,
    ) -> Result<BuildPayload<DiscardReadModelBuildInput>> {
        BuildPayload::of(operations(ctx)?.discard(&input.name).await)
    }

    /// After a fix, folds what waits of a parked stream, and lets it flow again. For the platform's
    /// administrator.
    async fn resume_read_model(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: ResumeReadModelInput,
    ) -> Result<ResumeReadModelPayload> {
        let operations = operations(ctx)?;
        let mut payload = ResumeReadModelPayload::default();
        let stream = match stream(TenantId::new(input.tenant.0), &input.stream) {
            Ok(stream) => stream,
            Err(error) => {
                payload.user_errors.push(error);
                return Ok(payload);
            }
        };
        match operations.resume(&input.name, &stream).await {
            Ok(events) => payload.events = Some(long(events)),
            Err(error) => {
                if let OperationError::StillRefused { resumed, .. } = &error {
                    payload.events = Some(long(*resumed));
                }
                payload.user_errors.push(refused(error)?);
            }
        }
        Ok(payload)
    }
}

fn scope(tenant: Option<Ulid>, key: Option<Vec<String>>) -> Result<Scope, UserError> {
    let tenant = tenant.map(|tenant| TenantId::new(tenant.0));
    let key = match (tenant, key) {
        (_, None) => None,
        (Some(tenant), Some(key)) => Some(std::iter::once(tenant.to_string()).chain(key).collect()),
        (None, Some(_)) => {
            let reason = "a row is a tenant's: name the tenant beside the key";
            return Err(UserError::invalid(&["tenant"], &reason));
        }
    };
    Ok(Scope { tenant, key })
}

fn stream(tenant: TenantId, text: &str) -> Result<StreamId, UserError> {
    let invalid = |reason: String| UserError::invalid(&["stream"], &reason);
    let Some((kind, id)) = text.split_once('/') else {
        return Err(invalid(format!(
            "{text:?} is not an aggregate's type and its id, as lead/01K..."
        )));
    };
    let known = Event::AGGREGATE_TYPES.iter().find(|known| **known == kind);
    let Some(aggregate_type) = known else {
        let all = Event::AGGREGATE_TYPES.join(", ");
        return Err(invalid(format!(
            "there is no aggregate {kind:?}; there are {all}"
        )));
    };
    Ok(StreamId {
        aggregate_type,
        tenant,
        id: id.to_owned(),
    })
}
