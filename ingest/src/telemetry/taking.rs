//! From spans to runs: what a trace's spans tell, in the order in which it happened.

use std::collections::BTreeMap;

use domain::{Caller, EventId, StreamId};
use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{Key, Part, Place, Store, StoreError};

use super::attributes::Attributes;
use super::meaning::{Step, Unfit, What, meaning};
use crate::commands::{DispatchError, Request, dispatch};

const RUN: &str = "agent_run";
/// Under which name the ids of spans are known.
const SOURCE: &str = "otlp";
/// The line of business of runs whose spans name none.
const VERTICAL: &str = "platform";
const ALREADY_STARTED: &str = "ALREADY_STARTED";
const TRACE_BYTES: usize = 16;
const SPAN_BYTES: usize = 8;
/// How many reasons are told of one request.
const REASONS_AT_MOST: usize = 5;

/// What became of a request's spans.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How many could not be taken, for ever.
    pub(super) rejected: i64,
    /// Why, for the first of them.
    pub(super) reasons: Vec<String>,
}

impl Outcome {
    fn reject(&mut self, span: &str, reason: impl std::fmt::Display) {
        self.rejected += 1;
        if self.reasons.len() < REASONS_AT_MOST {
            self.reasons.push(format!("span {span}: {reason}"));
        }
    }
}

/// What a trace's spans tell of its run.
#[derive(Default)]
struct Trace {
    steps: Vec<(String, Step)>,
    about: About,
}

/// Whose run it is, and what it is about: the outermost span knows best.
#[derive(Default)]
struct About {
    agent: Option<String>,
    service: Option<String>,
    named: BTreeMap<&'static str, String>,
}

/// The attributes of this platform's own, on a span or on what it comes from, and the field that each is.
const OWN: [(&str, &str); 5] = [
    ("annals.vertical", "vertical"),
    ("annals.goal", "goal"),
    ("annals.lead", "lead"),
    ("annals.opportunity", "opportunity"),
    ("annals.claim", "claim"),
];

impl About {
    fn hear(&mut self, attributes: Attributes<'_>) {
        let agent = attributes.text(&["gen_ai.agent.name", "gen_ai.agent.id"]);
        if let Some(agent) = agent {
            self.agent.get_or_insert_with(|| agent.to_owned());
        }
        if let Some(service) = attributes.text(&["service.name"]) {
            self.service.get_or_insert_with(|| service.to_owned());
        }
        for (name, field) in OWN {
            if let Some(text) = attributes.text(&[name]) {
                self.named.entry(field).or_insert_with(|| text.to_owned());
            }
        }
    }

    /// The command that begins the run.
    fn start(&self) -> Value {
        let mut start = json!({
            "agent": self.agent.as_ref().or(self.service.as_ref()).map_or("unknown", String::as_str),
            "vertical": VERTICAL,
        });
        for (field, text) in &self.named {
            start[*field] = text.clone().into();
        }
        json!({ "start": start })
    }
}

/// Takes the spans of a request. One that was taken before changes nothing.
///
/// # Errors
/// When the whole request is to be sent again, or is refused as a whole; what was taken of it stays.
pub(super) async fn take(
    store: &Store,
    caller: &Caller,
    resources: &[ResourceSpans],
) -> Result<Outcome, DispatchError> {
    let mut outcome = Outcome::default();
    let mut traces: BTreeMap<String, Trace> = BTreeMap::new();
    for resource in resources {
        let of_resource = resource
            .resource
            .as_ref()
            .map_or(&[][..], |resource| &resource.attributes);
        // The outermost first: they know best what the run is about.
        let mut spans: Vec<&Span> = resource
            .scope_spans
            .iter()
            .flat_map(|scope| &scope.spans)
            .collect();
        spans.sort_by_key(|span| (!span.parent_span_id.is_empty(), span.start_time_unix_nano));
        for span in spans {
            let id = hex(&span.span_id);
            match identified(span).and_then(|()| meaning(span)) {
                Ok(Some(step)) => {
                    let trace = traces.entry(hex(&span.trace_id)).or_default();
                    trace.about.hear(Attributes(&span.attributes));
                    trace.about.hear(Attributes(of_resource));
                    trace.steps.push((id, step));
                }
                Ok(None) => {}
                Err(unfit) => outcome.reject(&id, unfit),
            }
        }
    }
    for (id, trace) in traces {
        run(store, caller, &id, trace, &mut outcome).await?;
    }
    Ok(outcome)
}

/// The event that began a run.
async fn start_of(store: &Store, caller: &Caller, run: &str) -> Result<Option<EventId>, DispatchError> {
    let stream = Part::Stream(StreamId {
        aggregate_type: RUN,
        tenant: caller.tenant,
        id: run.to_owned(),
    });
    let first = store.log().part(&stream, Place::default(), u64::MAX, 1).await;
    let first = first.map_err(StoreError::<domain::agent_run::Refusal>::from)?;
    Ok(first.first().map(|event| event.event_id))
}

/// Begins the run if it has not begun, and takes down what it did.
async fn run(
    store: &Store,
    caller: &Caller,
    trace: &str,
    told: Trace,
    outcome: &mut Outcome,
) -> Result<(), DispatchError> {
    let Trace { mut steps, about } = told;
    // What ends the run comes last: what it did within its time is part of it.
    steps.sort_by_key(|(_, step)| (matches!(step.what, What::Over(_)), step.at));
    let Some(began) = steps.iter().map(|(_, step)| step.began).min() else {
        return Ok(());
    };
    let id = format!("trace-{trace}");
    let send = async |caller: &Caller, at: Timestamp, command: Value, key: Option<Key>| {
        let request = Request {
            aggregate_type: RUN,
            id: &id,
            commands: vec![(Some(at), command)],
            key,
        };
        dispatch(store, caller, request).await
    };
    match send(caller, began, about.start(), None).await {
        Ok(_) => {}
        Err(DispatchError::Refused { code, .. }) if code == ALREADY_STARTED => {}
        Err(error) if is_of_all(&error) => return Err(error),
        Err(error) => {
            for (span, _) in &steps {
                outcome.reject(span, &error);
            }
            return Ok(());
        }
    }
    // All that the run did, it did because it was started.
    let caller = Caller {
        causation_id: start_of(store, caller, &id).await?.or(caller.causation_id),
        ..caller.clone()
    };
    for (span, step) in steps {
        let command = match step.what {
            What::Done(command) | What::Over(command) => command,
            What::Inside => continue,
        };
        let key = key(trace, &span, step.at, &command);
        match send(&caller, step.at, command, Some(key)).await {
            Ok(_) => {}
            Err(error) if is_of_all(&error) => return Err(error),
            Err(error) => outcome.reject(&span, error),
        }
    }
    Ok(())
}

/// Whether all other spans would fare alike.
fn is_of_all(error: &DispatchError) -> bool {
    error.is_tenant_not_open() || error.is_passing()
}

fn key(trace: &str, span: &str, at: Timestamp, command: &Value) -> Key {
    Key {
        source: SOURCE.to_owned(),
        id: format!("{trace}/{span}"),
        hash: Sha256::digest(json!([at, command]).to_string()).into(),
    }
}

fn identified(span: &Span) -> Result<(), Unfit> {
    for (name, bytes, wanted) in [
        ("traceId", &span.trace_id, TRACE_BYTES),
        ("spanId", &span.span_id, SPAN_BYTES),
    ] {
        if bytes.len() != wanted {
            return Err(Unfit::Length(name, bytes.len(), wanted));
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
