//! What a span stands for.

use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::tokens::Tokens;

/// Operations of models, by the conventions' `gen_ai.operation.name`.
const OF_MODELS: [&str; 4] = ["chat", "embeddings", "generate_content", "text_completion"];
const OF_TOOLS: &str = "execute_tool";
const OF_AGENTS: &str = "invoke_agent";

/// What becomes of a span.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// When it begins: what is done by then is of the run.
    pub(super) began: Timestamp,
    /// When it ended.
    pub(super) at: Timestamp,
    pub(super) what: What,
}

/// What a span stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// Something that the run did, as a command.
    Done(Value),
    /// The outermost work of an agent: the run is over, by this command.
    Over(Value),
    /// An agent that works for another one: part of the run, and nothing by itself.
    Inside,
}

/// Why a span can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// A time that is none, or an end before the beginning.
    #[error("{0}: {1} is no time in nanoseconds that lies at or after the beginning")]
    Time(&'static str, u64),
    /// A name that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An identifier of the wrong length.
    #[error("{0}: {1} bytes are not {2}")]
    Length(&'static str, usize, usize),
}

/// What a span stands for; `None` when it is none of generative AI's.
pub(super) fn meaning(span: &Span) -> Result<Option<Step>, Unfit> {
    let attributes = Attributes(&span.attributes);
    let Some(operation) = attributes.text(&["gen_ai.operation.name"]) else {
        return Ok(None);
    };
    let what = match operation {
        OF_TOOLS => What::Done(tool_call(span, attributes)?),
        OF_AGENTS if span.parent_span_id.is_empty() => What::Over(end(span)),
        OF_AGENTS => What::Inside,
        model if OF_MODELS.contains(&model) => What::Done(model_call(attributes)?),
        _ => return Ok(None),
    };
    let began = time("startTimeUnixNano", span.start_time_unix_nano)?;
    let at = time("endTimeUnixNano", span.end_time_unix_nano)?;
    if at < began {
        return Err(Unfit::Time("endTimeUnixNano", span.end_time_unix_nano));
    }
    Ok(Some(Step { began, at, what }))
}

fn model_call(attributes: Attributes<'_>) -> Result<Value, Unfit> {
    let provider = attributes.text(&["gen_ai.provider.name", "gen_ai.system"]);
    let model = attributes.text(&["gen_ai.response.model", "gen_ai.request.model"]);
    let tokens = Tokens::of_span(attributes);
    Ok(json!({ "record_model_call": {
        "provider": provider.ok_or(Unfit::Missing("gen_ai.provider.name"))?,
        "model": model.ok_or(Unfit::Missing("gen_ai.request.model"))?,
        "input_tokens": tokens.input,
        "cached_tokens": tokens.cached,
        "output_tokens": tokens.output,
    }}))
}

fn tool_call(span: &Span, attributes: Attributes<'_>) -> Result<Value, Unfit> {
    let tool = attributes.text(&["gen_ai.tool.name"]);
    let took = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1_000_000;
    Ok(json!({ "record_tool_call": {
        "tool": tool.ok_or(Unfit::Missing("gen_ai.tool.name"))?,
        "outcome": if has_failed(span) { "failed" } else { "ok" },
        "duration_ms": took,
    }}))
}

/// A span says how the work ended, not whether the goal was reached: that is assumed until somebody says otherwise.
fn end(span: &Span) -> Value {
    let message = span.status.as_ref().map_or("", |status| status.message.trim());
    if has_failed(span) {
        let kind = Attributes(&span.attributes).text(&["error.type"]);
        let reason = Some(message).filter(|message| !message.is_empty()).or(kind);
        return json!({ "fail": { "reason": reason.unwrap_or("the span's status is an error") } });
    }
    json!({ "complete": { "outcome": span.name, "result": "assumed" } })
}

fn has_failed(span: &Span) -> bool {
    let code = span.status.as_ref().map(|status| status.code);
    code == Some(StatusCode::Error as i32)
}

fn time(name: &'static str, nanoseconds: u64) -> Result<Timestamp, Unfit> {
    let unfit = || Unfit::Time(name, nanoseconds);
    if nanoseconds == 0 {
        return Err(unfit());
    }
    let at = Timestamp::from_nanosecond(i128::from(nanoseconds)).map_err(|_| unfit())?;
    // The log keeps microseconds.
    Timestamp::from_microsecond(at.as_microsecond()).map_err(|_| unfit())
}
