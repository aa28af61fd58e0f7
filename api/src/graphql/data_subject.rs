//! Data subjects over GraphQL: what is known about a person, forgetting it, legal holds, and retention.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::time::Duration;

use async_graphql::{InputObject, InputType, Object, Result, SimpleObject, TypeName};
use domain::retention::{Command as Rule, Retention};
use domain::subject::{Command, Subject, SubjectId};
use domain::{Caller, Entity, RefusalCode as _, TenantId};
use store::{ForgetError, KnownSubject, Orders, Store, StoreError, retention_id};
use tokio::time::{MissedTickBehavior, interval};

use super::kit::{
    Code, Context, Cursor, DateTime, IntoFault, May, UserError, fault, parsed, payload_name, store_fault,
};
use crate::auth::Identity;
use crate::options::Options;

/// How often it is looked whether a certificate is signed, and how many times.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 60;
/// So many bytes of an export are given here at most.
const BYTES_AT_MOST: usize = 4 * 1024 * 1024;

/// Erases what is known about a person.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ForgetSubjectInput {
    /// Whom: `lead/ID`, `member/ID`, `claim/ID`, or an actor whose access is written down (`user/ID`, `api_key/ID`).
    subject: String,
    /// On what ground.
    reason: String,
}

/// Forbids the erasure of a person's data, whoever asks for it.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct PlaceLegalHoldInput {
    /// Whose data, for instance `lead/lead-7`.
    subject: String,
    /// The hold's name: 1 to 60 characters (a-z, 0-9, '.', '-', '_').
    hold: String,
    /// On what ground.
    reason: String,
}

/// Allows the erasure again, as far as this hold goes.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct LiftLegalHoldInput {
    /// Whose data, for instance `lead/lead-7`.
    subject: String,
    /// The hold's name.
    hold: String,
    /// On what ground.
    reason: String,
}

/// Keeps the personal data of a type of events for so many days.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SetRetentionRuleInput {
    /// The events' stored name, for instance `access.denied`.
    event_type: String,
    /// From the day of recording on: 1 to 36500. It is erased by whole months.
    days: u32,
}

/// Keeps the personal data of a type of events for ever again.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RemoveRetentionRuleInput {
    /// The events' stored name.
    event_type: String,
}

/// What came of forgetting a person.
#[derive(Default, SimpleObject)]
pub(crate) struct ForgetSubjectPayload {
    /// The place in the log of the event by which it was erased; null when nothing was.
    cursor: Option<Cursor>,
    /// Whether it was erased before, and nothing came in since.
    known: bool,
    /// What was erased where, signed: `annals verify` takes it as a file. Null while the read models or the sealer are
    /// busy: `dataSubject` gives it later.
    certificate: Option<String>,
    /// Why nothing was erased; empty when it was.
    user_errors: Vec<UserError>,
}

/// What came of a change of holds or rules.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct ChangePayload<I: InputType> {
    /// The place of its event in the log; null when the command left no trace.
    cursor: Option<Cursor>,
    /// Why it left no trace; empty when it did.
    user_errors: Vec<UserError>,
    #[graphql(skip)]
    input: PhantomData<fn() -> I>,
}

impl<I: InputType> TypeName for ChangePayload<I> {
    fn type_name() -> Cow<'static, str> {
        payload_name::<I>()
    }
}

impl<I: InputType> ChangePayload<I> {
    fn of(outcome: Result<Cursor, UserError>) -> Self {
        let (cursor, error) = match outcome {
            Ok(cursor) => (Some(cursor), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            cursor,
            user_errors: error.into_iter().collect(),
            input: PhantomData,
        }
    }
}

/// A person that personal data of the tenant is about.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct DataSubject {
    #[graphql(skip)]
    tenant: TenantId,
    #[graphql(skip)]
    id: SubjectId,
    /// Its name, for instance `lead/lead-7`.
    subject: String,
    /// The legal holds in force.
    holds: Vec<String>,
    /// How many data keys open its data.
    keys: u64,
    /// How many were destroyed, by forgetting or by a rule of retention.
    destroyed_keys: u64,
    /// When it was forgotten last.
    forgotten_at: Option<DateTime>,
    /// The event by which it was.
    forgotten_by: Option<Cursor>,
    /// What was erased where, signed; null until the read models and the sealer have taken it in.
    certificate: Option<String>,
}

/// A person that personal data of the tenant is about.
#[async_graphql::ComplexObject]
impl DataSubject {
    /// Everything about the person, a JSON object a line: events, then rows of read models with the events behind
    /// them. At most 4 MB; `annals subject export` gives any size.
    async fn export(&self, ctx: &Context<'_>) -> Result<String> {
        let options = ctx.data::<Options>()?;
        let operations = options.operations.as_ref();
        let operations = operations.ok_or_else(|| {
            fault(
                Code::Unavailable,
                "this process has no view of the read models: ask another one",
            )
        })?;
        let about = operations.about(self.tenant, &self.id).await;
        let text = about.map_err(IntoFault::into_fault)?.lines().join("\n");
        if text.len() > BYTES_AT_MOST {
            let message = "the export is larger than 4 MB: let the operator run `annals subject export`";
            return Err(fault(Code::BadUserInput, message));
        }
        Ok(text)
    }
}

impl DataSubject {
    fn of(tenant: TenantId, known: KnownSubject) -> Self {
        let last = known.forgotten.first().copied();
        Self {
            tenant,
            subject: known.subject.to_string(),
            id: known.subject,
            holds: known.holds,
            keys: known.keys,
            destroyed_keys: known.destroyed_keys,
            forgotten_at: last.map(|(_, at)| at.into()),
            forgotten_by: last.map(|(position, _)| Cursor::at(tenant, position)),
            certificate: known.certificate,
        }
    }
}

/// What can be asked about data subjects.
#[derive(Default)]
pub(crate) struct DataSubjectQuery;

#[Object]
impl DataSubjectQuery {
    /// What is known about a person; null when nothing is.
    async fn data_subject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, for instance `lead/lead-7`, `member/ada` or `user/ada`.")] subject: String,
    ) -> Result<Option<DataSubject>> {
        let (store, caller) = admin(ctx)?;
        let subject: SubjectId = parsed("subject", &subject).map_err(UserError::into_fault)?;
        let known = store.subject(caller.tenant, &subject).await;
        let known = known.map_err(IntoFault::into_fault)?;
        Ok(known.map(|known| DataSubject::of(caller.tenant, known)))
    }
}

/// What can be done about data subjects.
#[derive(Default)]
pub(crate) struct DataSubjectMutation;

#[Object]
impl DataSubjectMutation {
    /// Erases what is known about a person: when this answers, its keys are destroyed. Read models follow within
    /// moments; `cursor` as `atLeast` waits for them.
    async fn forget_subject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: ForgetSubjectInput,
    ) -> Result<ForgetSubjectPayload> {
        let (store, caller) = admin(ctx)?;
        let refused = |error| ForgetSubjectPayload {
            user_errors: vec![error],
            ..ForgetSubjectPayload::default()
        };
        let subject: SubjectId = match parsed("subject", &input.subject) {
            Ok(subject) => subject,
            Err(error) => return Ok(refused(error)),
        };
        let forgotten = match store.forget(&caller, &subject, &input.reason).await {
            Ok(forgotten) => forgotten,
            Err(error @ ForgetError::Unknown(_)) => {
                return Ok(refused(UserError::at(
                    &["subject"],
                    "NOT_FOUND",
                    error.to_string(),
                )));
            }
            Err(error @ ForgetError::Archived { .. }) => {
                return Ok(refused(UserError::at(
                    &["subject"],
                    "ARCHIVED",
                    error.to_string(),
                )));
            }
            Err(ForgetError::Log(StoreError::Refused(refusal))) => {
                return Ok(refused(UserError::refusal(refusal.code(), refusal.to_string())));
            }
            Err(ForgetError::Log(error)) => return Err(store_fault(error)),
        };
        Ok(ForgetSubjectPayload {
            cursor: Some(Cursor::at(caller.tenant, forgotten.position)),
            known: forgotten.known,
            certificate: certificate(store, caller.tenant, forgotten.position).await?,
            user_errors: Vec::new(),
        })
    }

    /// Forbids the erasure of a person's data, by forgetting and by rules of retention.
    async fn place_legal_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: PlaceLegalHoldInput,
    ) -> Result<ChangePayload<PlaceLegalHoldInput>> {
        let command = parsed("hold", &input.hold).map(|hold| Command::PlaceHold {
            hold,
            reason: input.reason,
        });
        subject_command(ctx, &input.subject, command)
            .await
            .map(ChangePayload::of)
    }

    /// Allows the erasure again, as far as this hold goes.
    async fn lift_legal_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: LiftLegalHoldInput,
    ) -> Result<ChangePayload<LiftLegalHoldInput>> {
        let command = parsed("hold", &input.hold).map(|hold| Command::LiftHold {
            hold,
            reason: input.reason,
        });
        subject_command(ctx, &input.subject, command)
            .await
            .map(ChangePayload::of)
    }

    /// Keeps the personal data of a type of events for so many days.
    async fn set_retention_rule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: SetRetentionRuleInput,
    ) -> Result<ChangePayload<SetRetentionRuleInput>> {
        let command = Rule::SetRule {
            event_type: input.event_type,
            days: input.days,
        };
        rule(ctx, command).await.map(ChangePayload::of)
    }

    /// Keeps the personal data of a type of events for ever again.
    async fn remove_retention_rule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: RemoveRetentionRuleInput,
    ) -> Result<ChangePayload<RemoveRetentionRuleInput>> {
        let command = Rule::RemoveRule {
            event_type: input.event_type,
        };
        rule(ctx, command).await.map(ChangePayload::of)
    }
}

/// The log and the caller, who must be the tenant's administrator.
fn admin<'c>(ctx: &'c Context<'_>) -> Result<(&'c Store, Caller)> {
    let identity = ctx.data::<Identity>()?;
    May::Admin.check(identity).map_err(IntoFault::into_fault)?;
    let caller = identity.caller().map_err(IntoFault::into_fault)?;
    Ok((&ctx.data::<Options>()?.store, caller))
}

async fn subject_command(
    ctx: &Context<'_>,
    subject: &str,
    command: Result<Command, UserError>,
) -> Result<Result<Cursor, UserError>> {
    let (store, caller) = admin(ctx)?;
    let asked = parsed::<SubjectId>("subject", subject).and_then(|subject| Ok((subject, command?)));
    match asked {
        Ok((subject, command)) => execute::<Subject>(store, &caller, &subject, command).await,
        Err(error) => Ok(Err(error)),
    }
}

async fn rule(ctx: &Context<'_>, command: Rule) -> Result<Result<Cursor, UserError>> {
    let (store, caller) = admin(ctx)?;
    execute::<Retention>(store, &caller, &retention_id(caller.tenant), command).await
}

async fn execute<A>(
    store: &Store,
    caller: &Caller,
    id: &A::Id,
    command: A::Order,
) -> Result<Result<Cursor, UserError>>
where
    A: Entity,
    A::Order: Clone,
{
    match store.execute::<A>(caller, id, Orders::one(command)).await {
        Ok(committed) => Ok(Ok(Cursor::at(caller.tenant, committed.position))),
        Err(StoreError::Refused(refusal)) => Ok(Err(UserError::refusal(refusal.code(), refusal.to_string()))),
        Err(error) => Err(store_fault(error)),
    }
}

/// Waits a little for the read models and the sealer.
async fn certificate(store: &Store, tenant: TenantId, position: u64) -> Result<Option<String>> {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..LOOKS {
        ticks.tick().await;
        let note = store.certificate(tenant, position).await;
        if let Some(note) = note.map_err(IntoFault::into_fault)? {
            return Ok(Some(note));
        }
    }
    Ok(None)
}
