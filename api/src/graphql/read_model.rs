//! Where read models are, what a rebuild differs in, and which streams wait. For the platform's administrator.

use async_graphql::{Enum, Object, Result, SimpleObject};
use projections::{Build, BuildState, OperationError, Operations, Parked};

use super::kit::{
    Code, Context, Cursor, IntoFault, Long, May, Ulid, UserError, Window, connection, fault, internal, part,
};
use super::read_model_diff::{PLATFORM, ReadModelDiffConnection, rows_that_differ};
use super::read_model_status::{ReadModelStatus, statuses};
use crate::auth::Identity;
use crate::options::Options;

/// What a build of a read model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "BuildState")]
pub(crate) enum ReadModelBuildState {
    /// It is being filled.
    Building,
    /// It is filled, and waits for a switch.
    Ready,
    /// Queries read it.
    Live,
    /// It was live; one can go back to it.
    Previous,
}

/// What a switch demands of the difference to the live build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "projections::Policy")]
pub(crate) enum ReadModelSwitchPolicy {
    /// Nothing.
    Any,
    /// That there is none.
    Empty,
    /// That there is none, or that somebody accepted just this one.
    Accepted,
}

/// A filling of a read model's table.
#[derive(SimpleObject)]
pub(crate) struct ReadModelBuild {
    /// Its number, from 1.
    number: i32,
    /// What it is for.
    state: ReadModelBuildState,
    /// The version of the fold that wrote its rows.
    version: i32,
    /// The last position of the log that it has folded.
    position: Long,
    /// The position to which it is being filled.
    target: Long,
    /// How many events its filling has read.
    events: Long,
    /// How many rows its filling has written.
    rows: Long,
    /// The tenant whose rows it has; null: all tenants.
    tenant_id: Option<Ulid>,
    /// The key of the one row that it has, the tenant first; null: all rows.
    key: Option<Vec<String>>,
    /// What a switch demands of the difference to the live build.
    policy: ReadModelSwitchPolicy,
    /// Whether it takes the live one's place as soon as it is ready.
    switch_when_ready: bool,
}

impl From<Build> for ReadModelBuild {
    fn from(build: Build) -> Self {
        Self {
            number: build.build,
            state: build.state.into(),
            version: build.version,
            position: long(build.position),
            target: long(build.target),
            events: long(build.events),
            rows: long(build.rows),
            tenant_id: build.scope.tenant.map(Into::into),
            key: build.scope.key,
            policy: build.policy.into(),
            switch_when_ready: build.switch_when_ready,
        }
    }
}

/// A stream whose events wait for a read model, because one of them can't be folded.
#[derive(Clone, SimpleObject)]
pub(crate) struct ParkedStream {
    /// The read model.
    read_model: String,
    /// The build of it.
    build: i32,
    /// The stream's tenant.
    tenant_id: Ulid,
    /// The stream, for instance `lead/01K...`: `resumeReadModel` takes it.
    stream: String,
    /// The position of the first event that waits.
    position: Long,
    /// Its type.
    event_type: String,
    /// Why it could not be folded.
    reason: String,
    /// How many events wait, this one included.
    events: Long,
}

impl From<Parked> for ParkedStream {
    fn from(parked: Parked) -> Self {
        Self {
            read_model: parked.name,
            build: parked.build,
            tenant_id: parked.stream.tenant.into(),
            stream: format!("{}/{}", parked.stream.aggregate_type, parked.stream.id),
            position: long(parked.position),
            event_type: parked.event_type,
            reason: parked.reason,
            events: long(parked.events),
        }
    }
}

connection!(ParkedStream: ParkedStreamConnection, ParkedStreamEdge, "the streams that wait");

/// What the platform's administrator can ask about read models.
#[derive(Default)]
pub(crate) struct ReadModelQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl ReadModelQuery {
    /// Where each read model is, by name. For the platform's administrator.
    async fn read_models(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Counts this tenant's events and parked streams alone.")] tenant: Option<Ulid>,
    ) -> Result<Vec<ReadModelStatus>> {
        statuses(ctx, operations(ctx)?, tenant).await
    }

    /// Compares the build that is ready (or else the one that was live before) with the live one, and lists the
    /// rows that differ in the order of their keys. For the platform's administrator.
    async fn read_model_diff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The read model, for instance \"lead\".")] name: String,
        #[graphql(desc = "How many rows to list, 1 to 100.")] first: i32,
        #[graphql(desc = "Only rows after the one of this cursor.")] after: Option<Cursor>,
    ) -> Result<ReadModelDiffConnection> {
        rows_that_differ(operations(ctx)?, name, first, after).await
    }

    /// The streams whose events wait because one of them can't be folded. For the platform's administrator.
    async fn parked_streams(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this row.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this row.")] before: Option<Cursor>,
        #[graphql(desc = "Of this read model alone.")] name: Option<String>,
    ) -> Result<ParkedStreamConnection> {
        let page = Window {
            first,
            after,
            last,
            before,
        }
        .page(PLATFORM)?;
        let mut parked = operations(ctx)?.parked().await.map_err(IntoFault::into_fault)?;
        parked.retain(|parked| name.as_ref().is_none_or(|name| *name == parked.name));
        let place = |parked: &Parked| (parked.name.clone(), parked.build, parked.position);
        parked.sort_by_key(place);
        Ok(ParkedStreamConnection::new(
            PLATFORM,
            part(parked, &page, place),
            page.direction,
        ))
    }
}

/// The operations, for the platform's administrator alone.
pub(super) fn operations<'c>(ctx: &Context<'c>) -> Result<&'c Operations> {
    May::Platform
        .check(ctx.data::<Identity>()?)
        .map_err(IntoFault::into_fault)?;
    let operations = ctx.data::<Options>()?.operations.as_ref();
    operations.ok_or_else(|| {
        let message = "this process has no operations on read models: use `annals read-model`";
        fault(Code::Unavailable, message)
    })
}

pub(super) fn long(number: u64) -> Long {
    Long(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A refusal as the user's error; what is no refusal is given back.
pub(super) fn refused(error: OperationError) -> Result<UserError> {
    use OperationError as E;
    let (path, code): (&[&str], &str) = match &error {
        E::UnknownReadModel { .. } => (&["name"], "UNKNOWN_READ_MODEL"),
        E::UnknownTenant(_) => (&["tenant"], "UNKNOWN_TENANT"),
        E::WrongKey { .. } => (&["key"], "WRONG_KEY"),
        E::NeverRan { .. } => (&["name"], "NEVER_RAN"),
        E::NoBuild { .. } => (&["name"], "NO_BUILD"),
        E::AlreadyThere { .. } => (&["name"], "ALREADY_THERE"),
        E::Busy { .. } => (&["name"], "BUSY"),
        E::Differs { .. } => (&["name"], "DIFFERS"),
        E::OtherFold { .. } => (&["name"], "OTHER_FOLD"),
        E::NotParked { .. } => (&["stream"], "NOT_PARKED"),
        E::StillRefused { .. } => (&["stream"], "STILL_REFUSED"),
        E::Moved => (&[], "MOVED"),
        E::Unfit(_) | E::Read(_) | E::Unavailable(_) => return Err(error.into_fault()),
    };
    Ok(UserError::at(path, code, error.to_string()))
}

impl IntoFault for OperationError {
    fn into_fault(self) -> async_graphql::Error {
        match self {
            Self::Unavailable(error) => {
                tracing::warn!(reason = %error, "api.read_model unavailable");
                fault(
                    Code::Unavailable,
                    "the read models can't be reached now; try again",
                )
            }
            Self::Read(error) => error.into_fault(),
            Self::Unfit(reason) => internal("api.read_model unfit", &reason),
            Self::Moved => fault(Code::Conflict, self.to_string()),
            Self::NoBuild { .. } | Self::NeverRan { .. } => fault(Code::NotFound, self.to_string()),
            refusal => fault(Code::BadUserInput, refusal.to_string()),
        }
    }
}
