//! What the transports share.

use async_graphql::parser::types::OperationType;
use async_graphql::{Pos, Request, Response};
use futures::StreamExt;
use futures::stream::BoxStream;

use super::{Asked, Door, Ready, Refusal, Run, told};
use crate::auth::{Authenticator, Denied, Identity, may_ask};
use crate::cost::{self, Buckets, Plans, Purse, actual, reckon};
use crate::documents::{
    Checker, Documents, Wanted, check_variables, only_introspects, pick, resume, root_fields,
};
use crate::graphql::kit::{Code, fault};
use crate::graphql::{Schema, checking_schema, schema};
use crate::limits::{Limits, Over};
use crate::options::Options;

/// Takes requests from the transports, and executes them.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) authenticator: Authenticator,
    pub(crate) limits: Limits,
    /// Whether GraphiQL is served.
    pub(crate) serves_graphiql: bool,
    /// Whether the schema is for everybody.
    shows_schema: bool,
    documents: Documents,
    purse: Purse,
    schema: Schema,
}

impl Gateway {
    pub(crate) fn new(options: Options, authenticator: Authenticator) -> Self {
        let checker = Checker::new(checking_schema(&options));
        let limits = options.limits.clone();
        let plans = Plans::new(options.reader.clone(), options.plan_buckets.clone());
        Self {
            serves_graphiql: options.graphiql.unwrap_or(options.development),
            shows_schema: options.development && options.introspection != Some(false),
            documents: Documents::new(checker, limits.clone(), options.persisted_documents.clone()),
            purse: Purse::new(plans, Buckets::new()),
            schema: schema(options, authenticator.clone()),
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
        let (run, mut variables) = (asked.run(), asked.variables());
        check_variables(&operation.node, &variables, types)?;
        let requested = reckon(document, &operation.node, &variables, types);
        Over::check("cost", "cost of the operation", requested, self.limits.cost)?;
        let mut document = document.clone();
        if let Some(cursor) = &asked.last_seen {
            let name = asked.operation_name.as_deref();
            resume(&mut document, name, &mut variables, types, cursor);
        }
        let mut request = Request::new("").variables(variables);
        request.operation_name = asked.operation_name;
        request.set_parsed_query(document);
        let (request, receipt) = match identity {
            Ok(identity) => {
                let receipt = match run {
                    Run::Dry => self.purse.look(&identity).await,
                    Run::Real => self
                        .purse
                        .pay(&identity, requested)
                        .await
                        .map_err(|empty| Refusal::rate_limited(&empty, requested))?,
                };
                (request.data(identity), receipt)
            }
            Err(_) if only_introspects(&operation.node) => (request.only_introspection(), None),
            Err(denied) => return Err(denied.into()),
        };
        Ok(Ready {
            request,
            kind: operation.node.ty,
            run,
            requested,
            receipt,
        })
    }

    /// Executes a query or a mutation, within the time that one may take.
    pub(crate) async fn answer(&self, mut ready: Ready) -> Response {
        if ready.run == Run::Dry {
            return ready.costed(Response::default(), 0);
        }
        let request = std::mem::replace(&mut ready.request, Request::new(""));
        let executed = tokio::time::timeout(self.limits.time(), self.schema.execute(request)).await;
        let response = executed.map_or_else(|_| too_long(ready.kind), told);
        let actual = actual(ready.kind, &response.data);
        if let Some(receipt) = &mut ready.receipt {
            self.purse.settle(receipt, actual);
        }
        ready.costed(response, actual)
    }

    /// Begins a subscription: each of its events is told with what it cost.
    pub(crate) fn follow(&self, mut ready: Ready) -> BoxStream<'static, Response> {
        if ready.run == Run::Dry {
            let response = ready.costed(Response::default(), 0);
            return futures::stream::iter([response]).boxed();
        }
        let request = std::mem::replace(&mut ready.request, Request::new(""));
        let responses = self.schema.execute_stream(request);
        let costed = responses.map(move |response| {
            let actual = actual(ready.kind, &response.data);
            ready.costed(told(response), actual)
        });
        costed.boxed()
    }

    /// Any operation as a stream: a query or a mutation has one response.
    pub(crate) fn responses(&self, ready: Ready) -> BoxStream<'static, Response> {
        if ready.kind == OperationType::Subscription {
            return self.follow(ready);
        }
        let gateway = self.clone();
        futures::stream::once(async move { gateway.answer(ready).await }).boxed()
    }
}

impl Ready {
    /// A response with what it cost.
    fn costed(&self, response: Response, actual: usize) -> Response {
        let cost = cost::shown(self.requested, actual, self.receipt.as_ref());
        response.extension("cost", cost)
    }
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
