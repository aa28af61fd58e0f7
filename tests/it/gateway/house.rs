//! The house in one process: a database of its own, the log, the projector, and the gateway's router.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::{Options, TokenSource};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use domain::lead::{Lead, LeadId};
use domain::{Actor, ActorKind, Caller};
use futures::StreamExt;
use jiff::Timestamp;
use projections::{Projector, Reader};
use serde_json::{Value, json};
use store::{Ambient, Filter, Orders, Role, Store};
use testkit::TestDatabase;
use tower::ServiceExt;

use crate::support::capture;

pub(crate) const ADMIN: &str = "the-administrators-token";

/// Everything that a gateway needs, running.
pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) projector: Option<Projector>,
    pub(crate) options: Options,
    database: TestDatabase,
}

/// A tenant with a token that opens everything in it.
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) token: String,
}

fn wide(options: &mut Options) {
    options.development = true;
    options.limits.cost = usize::MAX;
    options.plan_buckets.set("default=1000000000:1000000000").unwrap();
}

struct Tokens(AtomicU64);

impl TokenSource for Tokens {
    fn token(&self) -> String {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        format!("annals_{number:0>8}{number:0>35}")
    }
}

impl House {
    /// In development mode, so that the schema can be asked for.
    pub(crate) async fn open() -> Self {
        Self::open_with(|options| options.development = true).await
    }

    /// So that the whole schema can be walked, whatever a document costs.
    pub(crate) async fn open_wide() -> Self {
        Self::open_with(wide).await
    }

    /// Waits until the read models have seen all that is in the log now.
    pub(crate) async fn settle(&self) {
        let head = self.store.log().head().await.unwrap();
        let projector = self.projector.as_ref().expect("the projector runs");
        projector.wait_for(head).await.unwrap();
    }

    /// Changes a row as the database's owner may.
    pub(crate) async fn behind_the_engines_back(&self, statement: &str) {
        let owner = self.database.pool().await;
        sqlx::query(statement).execute(&owner).await.unwrap();
    }

    /// How PostgreSQL answers a statement of the gateway's, in a tenant's name, with these values in it.
    pub(crate) async fn plan(&self, tenant: &str, statement: &str, values: &[&str]) -> Value {
        let numbered = values.iter().enumerate().rev();
        let statement = numbered.fold(statement.to_owned(), |text, (index, value)| {
            text.replace(&format!("${}", index + 1), value)
        });
        let owner = self.database.pool().await;
        let mut transaction = owner.begin().await.unwrap();
        for setting in [
            format!("set local annals.tenant = '{tenant}'"),
            "set local role annals_gateway".to_owned(),
        ] {
            sqlx::query(&setting).execute(&mut *transaction).await.unwrap();
        }
        let explain = format!("explain (analyze, format json) {statement}");
        sqlx::query_scalar(&explain)
            .fetch_one(&mut *transaction)
            .await
            .unwrap()
    }

    /// The house after its projector was stopped: nothing is folded any more.
    pub(crate) async fn without_projector(mut self) -> Self {
        if let Some(projector) = self.projector.take() {
            projector.stop().await;
        }
        self
    }

    /// The house with a projector that begins anew, after a change by the database's owner.
    pub(crate) async fn after(self, statement: &str) -> Self {
        let mut house = self.without_projector().await;
        house.behind_the_engines_back(statement).await;
        let pool = store::pool(house.database.url(), Role::Projector, 4).unwrap();
        house.projector = Some(Projector::start(&house.store, pool, projections::all()));
        house
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut Options)) -> Self {
        Self::open_at(|_, options| change(options)).await
    }

    /// Where the clock stands at another time, and the whole schema can be walked.
    pub(crate) async fn open_wide_on(now: Timestamp) -> Self {
        let ambient = Ambient {
            clock: testkit::TestClock::at(now),
            ids: Arc::new(testkit::TestIds::seeded(1)),
        };
        Self::open_under(ambient, |_, options| wide(options)).await
    }

    /// With options that depend on the database's URL.
    pub(crate) async fn open_at(change: impl FnOnce(&str, &mut Options)) -> Self {
        Self::open_under(testkit::ambient(1), change).await
    }

    /// Under a clock of the test's own.
    pub(crate) async fn open_under(ambient: Ambient, change: impl FnOnce(&str, &mut Options)) -> Self {
        let database = testkit::database().await;
        let url = database.url().to_owned();
        let store = Store::open(store::Options::new(&url, ambient)).await.unwrap();
        let pool = store::pool(&url, Role::Projector, 4).unwrap();
        let projector = Projector::start(&store, pool, projections::all());
        let reader = Reader::new(store::pool(&url, Role::Gateway, 8).unwrap());
        let mut options = Options::new(store.clone(), reader, Arc::new(Tokens(AtomicU64::new(1))));
        options.admin_token_sha256 = Some(api::token_hash(ADMIN));
        options.webhook_key = Some(store::WebhookKey::new(&[7; 32]));
        // So that the log holds what a test puts there.
        options.record_every.key_use = Duration::ZERO;
        options.record_every.refused = Duration::ZERO;
        options.record_every.read = Duration::ZERO;
        options.record_every.calls = Duration::ZERO;
        change(&url, &mut options);
        Self {
            router: api::router(options.clone()),
            options,
            store,
            projector: Some(projector),
            database,
        }
    }

    /// Another gateway over the same log and read models.
    pub(crate) fn router_with(&self, change: impl FnOnce(&mut Options)) -> Router {
        let mut options = self.options.clone();
        change(&mut options);
        api::router(options)
    }

    /// The gateway of another process over the same database: with a view of the log and connections of its own.
    pub(crate) async fn elsewhere(&self, seed: u64) -> Router {
        let url = self.database.url();
        let store = Store::open(store::Options::new(url, testkit::ambient(seed)))
            .await
            .unwrap();
        let mut options = self.options.clone();
        options.reader = Reader::new(store::pool(url, Role::Gateway, 4).unwrap());
        options.store = store;
        options.drain = api::Drain::default();
        api::router(options)
    }

    /// The database's URL, for programs of their own.
    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    /// Captures leads of a tenant as fast as the log takes them.
    pub(crate) async fn capture(&self, tenant: &Tenant, ids: impl Iterator<Item = String>) {
        let id = tenant.id.parse().unwrap();
        let caller = Caller::new(id, Actor::new(ActorKind::System, "test"));
        let (store, caller) = (&self.store, &caller);
        let captured = ids.map(|id| async move {
            let id: LeadId = id.parse().unwrap();
            let orders = Orders::one(capture());
            store.execute::<Lead>(caller, &id, orders).await.unwrap();
        });
        futures::stream::iter(captured).buffer_unordered(64).count().await;
    }

    /// The positions of a tenant's events after one.
    pub(crate) async fn positions(&self, tenant: &Tenant, after: u64) -> Vec<u64> {
        let filter = Filter::tenant(tenant.id.parse().unwrap());
        let page = self.store.log().page(after, &filter, 1_000_000).await.unwrap();
        page.iter().map(|event| event.position).collect()
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status,
            parts.headers,
            String::from_utf8(bytes.to_vec()).unwrap(),
        )
    }

    /// Posts a body to `/graphql` with headers besides; the answer's body is JSON.
    pub(crate) async fn post(
        &self,
        token: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::post("/graphql").header("authorization", format!("Bearer {token}"));
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (status, headers, text) = self.send(request.body(body.into()).unwrap()).await;
        let answer = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {status} {text}"));
        (status, headers, answer)
    }

    /// The whole answer to a document.
    pub(crate) async fn answer(&self, token: &str, document: &str, variables: Value) -> Value {
        let body = json!({ "query": document, "variables": variables });
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        let (_, _, text) = self.send(request).await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    /// The data of the answer to a document that must not fail.
    pub(crate) async fn ask(&self, token: &str, document: &str, variables: Value) -> Value {
        let answer = self.answer(token, document, variables).await;
        assert!(answer.get("errors").is_none(), "{document}: {answer:#}");
        answer["data"].clone()
    }

    /// The code of the error in the answer to a document that must fail.
    pub(crate) async fn code(&self, token: &str, document: &str, variables: Value) -> String {
        let answer = self.answer(token, document, variables).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("no code: {answer:#}")).to_owned()
    }

    /// A mutation's payload.
    pub(crate) async fn mutate(&self, token: &str, mutation: &str, input: Value) -> Value {
        let kind = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
        let fields = match mutation {
            "recordUsage" => "results { outcome cursor userErrors { path code message } }",
            "importCsv" => "recorded",
            "issueApiKey" | "rotateApiKey" => "id localId version known token",
            _ => "id localId version known",
        };
        let document = format!(
            "mutation($input: {kind}Input!) {{ {mutation}(input: $input) \
             {{ cursor {fields} userErrors {{ path code message }} }} }}"
        );
        let data = self.ask(token, &document, json!({ "input": input })).await;
        data[mutation].clone()
    }

    /// The code of the error with which a mutation fails as a whole.
    pub(crate) async fn code_of(&self, token: &str, mutation: &str, input: &Value) -> String {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ cursor }} }}");
        self.code(token, &document, json!({ "input": input })).await
    }

    /// A payload without user errors.
    pub(crate) async fn done(&self, token: &str, mutation: &str, input: Value) -> Value {
        let payload = self.mutate(token, mutation, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload:#}");
        payload
    }

    /// A new tenant, with a key that has all scopes.
    pub(crate) async fn tenant(&self, slug: &str) -> Tenant {
        let settings = json!({ "name": slug, "timeZone": "Europe/Berlin", "currency": "EUR" });
        let input = json!({ "slug": slug, "settings": settings });
        let provisioned = self.done(ADMIN, "provisionTenant", input).await;
        let id = provisioned["localId"].as_str().unwrap().to_owned();
        let document = "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) \
                        { token userErrors { path code message } } }";
        let scopes = json!(["READ", "WRITE", "INGEST", "ADMIN"]);
        let variables = json!({ "input": { "id": "first", "name": "all", "scopes": scopes } });
        let body = json!({ "query": document, "variables": variables });
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("x-annals-tenant", &id)
            .body(Body::from(body.to_string()))
            .unwrap();
        let (_, _, text) = self.send(request).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        let token = answer["data"]["issueApiKey"]["token"].as_str();
        let token = token.unwrap_or_else(|| panic!("no token: {text}")).to_owned();
        // However slow the machine is, the key is known from now on.
        if self.projector.is_some() {
            self.settle().await;
        }
        Tenant { id, token }
    }
}
