//! The way of a mutation: parse, ask the log under the key, tell the refusal or the result.

use async_graphql::{ID, Result};
use domain::{Caller, Entity, EntityId, RefusalCode};
use projections::entitlement::{Asked as Wanted, Pass};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{Committed, Key, Orders, Store, StoreError};

use super::code::{IntoFault, store_fault};
use super::{Context, Cursor, GlobalId, Head, Ids, May, UserError};
use crate::auth::{Authenticator, Identity, RefusedCommand};
use crate::options::Options;

/// The source of all keys that GraphQL clients give.
const KEY_SOURCE: &str = "idempotency-key";
const KEY_AT_MOST: usize = 200;

/// A command that was read from an input.
pub(crate) struct Asked<O> {
    /// The mutation's name.
    pub(crate) mutation: &'static str,
    pub(crate) head: Head,
    pub(crate) command: Result<O, UserError>,
    /// What stands for the command under an idempotency key, when it is not the command itself.
    pub(crate) under_key: Option<Value>,
}

/// What came of it; each slice's payload is made of this.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) id: Option<ID>,
    pub(crate) local_id: Option<String>,
    pub(crate) version: Option<u64>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) known: bool,
    pub(crate) user_errors: Vec<UserError>,
}

impl From<UserError> for Outcome {
    fn from(error: UserError) -> Self {
        Self {
            user_errors: vec![error],
            ..Self::default()
        }
    }
}

/// Asks an aggregate in the name of whoever sent the request.
pub(crate) async fn run<A>(ctx: &Context<'_>, may: May, mut asked: Asked<A::Order>) -> Result<Outcome>
where
    A: Entity,
    A::Order: Clone + Serialize,
{
    let store = &ctx.data::<Options>()?.store;
    let identity = ctx.data::<Identity>()?;
    may.check(identity).map_err(IntoFault::into_fault)?;
    match Ids::of(ctx)?.optional("id", &[A::TYPE], asked.head.id.take().map(ID)) {
        Ok(id) => asked.head.id = id,
        Err(error) => return Ok(error.into()),
    }
    let caller = may
        .caller(identity, store.ambient(), &mut asked.head)
        .map_err(IntoFault::into_fault)?;
    let mutation = asked.mutation;
    let (caller, id, orders) = match caller.and_then(|caller| Ok((caller, read::<A>(store, asked)?))) {
        Ok((caller, (id, orders))) => (caller, id, orders),
        Err(error) => return Ok(error.into()),
    };
    let target = format!("{}/{}", A::TYPE, id.as_str());
    let pass = match admitted(ctx, &caller, mutation).await? {
        Ok(pass) => pass,
        // What took effect before is no more of it.
        Err(refused) => match store
            .recall(&caller, orders.key.as_ref())
            .await
            .map_err(store_fault)?
        {
            Some(committed) => return Ok(Outcome::of::<A>(&caller, committed)),
            None => return tell(ctx, mutation, &target, refused),
        },
    };
    match store.execute::<A>(&caller, &id, orders).await {
        Ok(committed) => {
            if let Some(pass) = pass {
                pass.took(committed.position);
            }
            Ok(Outcome::of::<A>(&caller, committed))
        }
        Err(StoreError::Refused(refusal)) => {
            let refused = UserError::refusal(refusal.code(), refusal.to_string());
            tell(ctx, mutation, &target, refused)
        }
        Err(error) => Err(store_fault(error)),
    }
}

/// Tells a refusal to whoever asked, and to the audit feed.
pub(crate) fn tell(ctx: &Context<'_>, mutation: &str, target: &str, refused: UserError) -> Result<Outcome> {
    let command = RefusedCommand {
        command: &in_camel_case(mutation),
        code: &refused.code,
        message: &refused.message,
        target,
    };
    ctx.data::<Authenticator>()?
        .refused_command(ctx.data::<Identity>()?, command);
    Ok(refused.into())
}

/// A field's name as clients write it.
fn in_camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut written = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        written.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        written.extend(letters);
    }
    written
}

impl Outcome {
    fn of<A: Entity>(caller: &Caller, committed: Committed) -> Self {
        Self {
            id: Some(GlobalId::of(caller.tenant, A::TYPE, &committed.id).encode()),
            local_id: Some(committed.id),
            version: Some(committed.version),
            cursor: Some(Cursor::at(caller.tenant, committed.position)),
            known: committed.known,
            user_errors: Vec::new(),
        }
    }
}

/// What of a plan mutations use: a line a mutation.
const USES: &[(&str, Wanted)] = &[
    ("add_plan_version", Wanted::Feature("own_plans")),
    ("capture_lead", Wanted::Begin("lead.captured")),
    ("change_meter", Wanted::Feature("own_meters")),
    ("define_meter", Wanted::Feature("own_meters")),
    ("define_plan", Wanted::Feature("own_plans")),
    ("enable_vertical", Wanted::Vertical),
    ("invite_member", Wanted::Member),
    ("start_agent_run", Wanted::Begin("agent_run.")),
    ("start_connector_sync", Wanted::Begin("connector_sync.")),
    ("submit_claim", Wanted::Begin("claim.submitted")),
];

/// Lets a mutation pass if the tenant's plan has room for it; from memory, once the tenant is known there.
async fn admitted(
    ctx: &Context<'_>,
    caller: &Caller,
    mutation: &str,
) -> Result<Result<Option<Pass>, UserError>> {
    let Some((_, wanted)) = USES.iter().find(|(name, _)| *name == mutation) else {
        return Ok(Ok(None));
    };
    let options = ctx.data::<Options>()?;
    let now = options.store.ambient().now();
    let admitted = options.entitlements.admit(caller.tenant, *wanted, now).await;
    let admitted = admitted.map_err(IntoFault::into_fault)?;
    Ok(admitted
        .map(Some)
        .map_err(|reached| UserError::limit_reached(&reached)))
}

/// Parses what every mutation takes.
fn read<A>(store: &Store, asked: Asked<A::Order>) -> Result<(A::Id, Orders<A::Order>), UserError>
where
    A: Entity,
    A::Order: Serialize,
{
    let Asked {
        mutation,
        head,
        command,
        under_key,
    } = asked;
    let command = command?;
    let id = match &head.id {
        Some(text) => super::parsed::<A::Id>("id", text)?,
        None => A::Id::from_ulid(store.ambient().fresh_id()),
    };
    let key = match &head.idempotency_key {
        Some(key) => Some(idempotency_key(
            mutation,
            key,
            &head,
            &under_key.unwrap_or_else(|| json!(command)),
        )?),
        None => None,
    };
    let at = head.occurred_at.map(|at| at.0);
    let mut orders = Orders::one(command).at(at).under(key);
    orders.expected_version = head.expected_version;
    Ok((id, orders))
}

/// The key with the hash of what is asked under it: the mutation, the id and the time when they are given,
/// and the command.
fn idempotency_key(mutation: &str, key: &str, head: &Head, command: &Value) -> Result<Key, UserError> {
    check_key(key)?;
    let asked = json!({
        "mutation": mutation,
        "id": head.id,
        "occurredAt": head.occurred_at.map(|at| at.0),
        "command": command,
    });
    Ok(key_of(key, &asked))
}

/// The rule for the text of an idempotency key.
pub(crate) fn check_key(key: &str) -> Result<(), UserError> {
    let characters = key.chars().count();
    if (1..=KEY_AT_MOST).contains(&characters) {
        return Ok(());
    }
    let reason = format!("it has {characters} characters, 1 to {KEY_AT_MOST} are allowed");
    Err(UserError::invalid(&["idempotencyKey"], &reason))
}

/// The key of what is asked. `serde_json` writes an object's names in their order, so the text is canonical.
pub(crate) fn key_of(key: &str, asked: &Value) -> Key {
    Key {
        source: KEY_SOURCE.to_owned(),
        id: key.to_owned(),
        hash: Sha256::digest(asked.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::entitlement::BEGINNINGS;

    use super::{USES, Wanted, in_camel_case};

    #[test]
    fn what_quotas_can_hold_back_is_what_mutations_are_judged_for() {
        let mut judged: Vec<(String, &str)> = Vec::new();
        for (mutation, wanted) in USES {
            if let Wanted::Begin(begin) = wanted {
                judged.push((in_camel_case(mutation), begin));
            }
        }
        let mut known: Vec<(String, &str)> = BEGINNINGS
            .iter()
            .map(|(name, begin)| ((*name).to_owned(), *begin))
            .collect();
        judged.sort_unstable();
        known.sort_unstable();
        assert_eq!(judged, known);
    }
}
