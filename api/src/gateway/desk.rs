//! What the transports share.

use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Pos, Request, Response, Variables};

use super::ready::Work;
use super::{Asked, Door, Ready, Refusal, Run, told};
use crate::auth::{Authenticator, Denied, Identity, may_ask};
use crate::cost::{self, Buckets, Plans, Purse, Receipt, actual, reckon};
use crate::documents::{
    Checker, Documents, Wanted, check_variables, only_introspects, pick, resume, root_fields, sensitive,
    variables_but_place,
};
use crate::graphql::kit::{Code, fault, with_loaders};
use crate::graphql::{Schema, checking_schema, schema};
use crate::limits::{Limits, Over};
use crate::live::{Blueprint, Hub, Key, Subscriber};
use crate::options::Options;

/// Takes requests from the transports, and executes them.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) authenticator: Authenticator,
    pub(crate) limits: Arc<Limits>,
    /// Whether GraphiQL is served.
    pub(crate) serves_graphiql: bool,
    /// Whether the schema is for everybody.
    shows_schema: bool,
    documents: Documents,
    purse: Purse,
    schema: Schema,
    options: Options,
    /// Where subscriptions run.
    pub(crate) hub: Hub,
}

impl Gateway {
    pub(crate) fn new(options: Options, authenticator: Authenticator) -> Self {
        let checker = Checker::new(checking_schema(&options));
        let limits = Arc::new(options.limits.clone());
        let plans = Plans::new(options.reader.clone(), options.plan_buckets.clone());
        let documents = Documents::new(
            checker,
            options.limits.clone(),
            options.persisted_documents.clone(),
        );
        let purse = Purse::new(plans, Buckets::new());
        let schema = schema(options.clone(), authenticator.clone());
        Self {
            serves_graphiql: options.graphiql.unwrap_or(options.development),
            shows_schema: options.development && options.introspection != Some(false),
            documents,
            hub: Hub::new(
                schema.clone(),
                purse.clone(),
                Arc::clone(&limits),
                options.clone(),
            ),
            purse,
            schema,
            options,
            authenticator,
            limits,
        }
    }

    /// Why somebody is turned away whatever is asked; without a token the schema can be asked for, in
    /// development.
    pub(crate) fn denied(&self, identity: &Result<Identity, Denied>) -> Option<Denied> {
        let denied = identity.as_ref().err()?;
        let may_be_let_in = self.shows_schema && *denied == Denied::Unauthenticated;
        (!may_be_let_in).then(|| denied.clone())
    }

    /// Reads what is asked and by whom, and pays for it; nothing is executed yet.
    pub(crate) async fn ready(
        &self,
        identity: Result<Identity, Denied>,
        mut asked: Asked,
        door: Door,
    ) -> Result<Ready, Refusal> {
        if let Some(denied) = self.denied(&identity) {
            return Err(denied.into());
        }
        let wanted = Wanted {
            text: asked.query.as_deref(),
            hash: asked.hash(),
        };
        let prepared = match self.documents.get(wanted).await {
            Ok(prepared) => prepared,
            // Who has no token learns nothing about documents.
            Err(missing) => return Err(identity.map_or_else(Refusal::from, |_| missing.into())),
        };
        let (document, types) = (&prepared.document, self.documents.checker().types());
        let operation = pick(document, asked.operation_name.as_deref())?;
        door.check(operation.node.ty)?;
        if let Ok(identity) = &identity {
            for field in root_fields(document, &operation.node) {
                may_ask(identity, operation.node.ty, field)
                    .inspect_err(|denied| self.authenticator.refused(identity, denied, field))?;
            }
        }
        let causation_id = asked.causation_id()?;
        let identity = identity.map(|identity| Identity {
            causation_id,
            ..identity
        });
        let (run, mut variables) = (asked.run(), asked.variables());
        check_variables(&operation.node, &variables, types)?;
        let requested = reckon(document, &operation.node, &variables, types);
        Over::check("cost", "cost of the operation", requested, self.limits.cost)?;
        let mut document = document.clone();
        if let (Ok(identity), Run::Real) = (&identity, run) {
            for found in sensitive(&document, &operation.node, &variables, types) {
                self.authenticator.read(identity, found);
            }
        }
        let place = variables_but_place(&document, &variables);
        if let Some(cursor) = &asked.last_seen {
            let name = asked.operation_name.as_deref();
            resume(&mut document, name, &mut variables, types, cursor);
        }
        let (work, receipt) = match identity {
            Ok(identity) => {
                let receipt = match run {
                    Run::Dry => self.purse.look(&identity).await,
                    Run::Real => self
                        .purse
                        .pay(&identity, requested)
                        .await
                        .map_err(|empty| Refusal::rate_limited(&empty, requested))?,
                };
                let name = asked.operation_name;
                let work = if operation.node.ty == OperationType::Subscription {
                    Work::Live(Box::new(Blueprint {
                        key: Key::of(&prepared.hash, name.as_deref(), &place, &identity),
                        document,
                        operation: name,
                        variables,
                        identity,
                        requested,
                    }))
                } else {
                    let request = request(document, name, variables).data(identity);
                    Work::Once(Box::new(with_loaders(request, &self.options)))
                };
                (work, receipt)
            }
            Err(_) if only_introspects(&operation.node) => {
                let request = request(document, asked.operation_name, variables);
                (Work::Once(Box::new(request.only_introspection())), None)
            }
            Err(denied) => return Err(denied.into()),
        };
        Ok(Ready {
            work,
            kind: operation.node.ty,
            run,
            requested,
            receipt,
        })
    }

    /// Executes a query or a mutation, within the time that one may take; of a subscription, its cost alone.
    pub(crate) async fn answer(&self, ready: Ready) -> Response {
        let Ready {
            work,
            kind,
            requested,
            mut receipt,
            ..
        } = ready;
        let request = match (work, ready.run) {
            (Work::Once(request), Run::Real) => *request,
            _ => return costed(Response::default(), requested, 0, receipt.as_ref()),
        };
        let executed = tokio::time::timeout(self.limits.time(), self.schema.execute(request)).await;
        let response = executed.map_or_else(|_| too_long(kind), told);
        let actual = actual(kind, &response.data);
        if let Some(receipt) = &mut receipt {
            self.purse.settle(receipt, actual);
        }
        costed(response, requested, actual, receipt.as_ref())
    }

    /// Begins a subscription; everything else is left to be answered.
    pub(crate) fn follow(&self, ready: Ready) -> Result<Followed, Refusal> {
        match (ready.work, ready.run) {
            (Work::Live(blueprint), Run::Real) => {
                Ok(Followed::Live(Box::new(self.hub.subscribe(*blueprint)?)))
            }
            (work, _) => Ok(Followed::Once(Ready { work, ..ready })),
        }
    }
}

/// What becomes of an operation that may go on.
pub(crate) enum Followed {
    /// It goes on.
    Live(Box<Subscriber>),
    /// It has one response.
    Once(Ready),
}

fn request(document: ExecutableDocument, operation: Option<String>, variables: Variables) -> Request {
    let mut request = Request::new("").variables(variables);
    request.operation_name = operation;
    request.set_parsed_query(document);
    request
}

/// A response with what it cost.
fn costed(response: Response, requested: usize, actual: usize, receipt: Option<&Receipt>) -> Response {
    response.extension("cost", cost::shown(requested, actual, receipt))
}

fn too_long(kind: OperationType) -> Response {
    let message = match kind {
        OperationType::Mutation => {
            "this took too long; it may have taken effect: send it again under the same idempotencyKey"
        }
        OperationType::Query | OperationType::Subscription => "this took too long and was given up",
    };
    let mut error = fault(Code::TimedOut, message).into_server_error(Pos::default());
    error.locations.clear();
    Response::from_errors(vec![error])
}
