//! From JSON to a typed command, and on to its aggregate.

use domain::{Caller, Entity};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Committed, Key, Orders, Store};

use super::error::DispatchError;

/// Commands for one aggregate, as they come out of a foreign record.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// As in `opportunity`.
    pub aggregate_type: &'a str,
    /// The aggregate's id inside the tenant.
    pub id: &'a str,
    /// When each occurred (`None`: now), and the command, externally tagged: `{"open": {..}}`.
    pub commands: Vec<(Option<Timestamp>, Value)>,
    /// Under which key they take effect once.
    pub key: Option<Key>,
}

/// Reads a request's id and commands as `A`'s, and asks the log.
pub(super) async fn execute<A>(
    store: &Store,
    caller: &Caller,
    request: Request<'_>,
) -> Result<Committed, DispatchError>
where
    A: Entity,
    A::Order: DeserializeOwned + Clone + Sync,
{
    let id: A::Id = request.id.parse().map_err(DispatchError::Id)?;
    let commands = request
        .commands
        .into_iter()
        .map(|(at, command)| Ok((at, read::<A::Order>(command)?)))
        .collect::<Result<Vec<_>, DispatchError>>()?;
    let orders = Orders {
        commands,
        key: request.key,
        expected_version: None,
    };
    Ok(store.execute::<A>(caller, &id, orders).await?)
}

/// Reads one command, and names the field that can't be read.
fn read<C: DeserializeOwned>(command: Value) -> Result<C, DispatchError> {
    serde_path_to_error::deserialize(command).map_err(|error| {
        let path = error.path().to_string();
        // The first part is the command's own name, which the caller knows.
        let field = path.split_once('.').map(|(_, field)| field.to_owned());
        DispatchError::Field {
            field,
            reason: error.into_inner().to_string(),
        }
    })
}
