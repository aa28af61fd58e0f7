//! The connector in whose name a file is run.

use std::collections::BTreeMap;

use domain::Caller;
use domain::connector::{Command, Connector, ConnectorId};
use store::{Committed, Orders, Store};

use super::error::SyncError;
use super::patience::Patience;
use crate::commands::DispatchError;

/// Registers a connector once; one that is there stays as it is.
///
/// # Errors
/// [`SyncError::Refused`] by the tenant, [`SyncError::Unavailable`].
pub async fn ensure_connector(
    store: &Store,
    caller: &Caller,
    id: &ConnectorId,
    name: &str,
    kind: &str,
) -> Result<(), SyncError> {
    let register = Orders::one(register(name, kind));
    match ask(store, caller, id, register).await {
        Ok(_) => Ok(()),
        Err(DispatchError::Refused {
            code: "ALREADY_REGISTERED",
            ..
        }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Checks that the connector is there and at work, and that its tenant admits commands.
///
/// It asks for what can't be: to resume the connector and then to register it again. Both together are
/// always refused, so nothing happens, and the refusal tells the connector's standing.
pub(super) async fn check_at_work(store: &Store, caller: &Caller, id: &ConnectorId) -> Result<(), SyncError> {
    let mut impossible = Orders::one(Command::Resume);
    impossible.commands.push((None, register("never", "never")));
    match ask(store, caller, id, impossible).await {
        Ok(_)
        | Err(DispatchError::Refused {
            code: "NOT_PAUSED", ..
        }) => Ok(()),
        Err(DispatchError::Refused {
            code: "ALREADY_REGISTERED",
            ..
        }) => Err(SyncError::Refused {
            code: "PAUSED",
            message: format!("the connector {id} is paused: resume it first"),
        }),
        Err(error) => Err(error.into()),
    }
}

async fn ask(
    store: &Store,
    caller: &Caller,
    id: &ConnectorId,
    orders: Orders<Command>,
) -> Result<Committed, DispatchError> {
    let mut patience = Patience::default();
    loop {
        let answer = store.execute::<Connector>(caller, id, orders.clone()).await;
        match answer.map_err(DispatchError::from) {
            Err(error) if patience.lasts(&error).await => {}
            answer => return answer,
        }
    }
}

fn register(name: &str, kind: &str) -> Command {
    Command::Register {
        name: name.to_owned(),
        kind: kind.to_owned(),
        settings: BTreeMap::new(),
    }
}
