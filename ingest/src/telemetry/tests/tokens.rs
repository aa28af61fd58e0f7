//! Tokens, each counted once, by whoever counted them.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Value, json};

use crate::telemetry::attributes::Attributes;
use crate::telemetry::tokens::Tokens;

const fn tokens(input: u64, cached: u64, output: u64) -> Tokens {
    Tokens {
        input,
        cached,
        output,
    }
}

fn attribute(name: &str, value: Any) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// Answers of providers, and what genai-prices 0.2.3 reads out of them; `tests/it/clients.rs` asks it again.
#[test]
fn what_providers_answer_is_counted_as_genai_prices_counts_it() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/usage.json")).unwrap();
    assert!(cases.len() >= 14);
    for case in cases {
        let count = |name: &str| case["usage"][name].as_u64().unwrap();
        let wanted = tokens(count("input"), count("cached"), count("output"));
        assert_eq!(Tokens::of_answer(&case["answer"]), Some(wanted), "{case}");
        let of_usage = ["usage", "usageMetadata"]
            .iter()
            .find_map(|name| case["answer"].get(name));
        assert_eq!(
            Tokens::of_answer(of_usage.unwrap()),
            Some(wanted),
            "the usage alone: {case}"
        );
    }
}

#[test]
fn ollama_leaves_out_what_it_had_in_its_cache() {
    let answer = json!({ "model": "llama3.2", "done": true, "prompt_eval_count": 26, "eval_count": 298 });
    assert_eq!(Tokens::of_answer(&answer), Some(tokens(26, 0, 298)));
    assert_eq!(
        Tokens::of_answer(&json!({ "eval_count": 5 })),
        Some(tokens(0, 0, 5))
    );
}

#[test]
fn what_is_no_answer_of_a_provider_has_no_tokens() {
    for other in [
        json!({}),
        json!({ "usage": { "prompt_tokens": 1 } }),
        json!("text"),
        json!({ "usage": 3 }),
    ] {
        assert_eq!(Tokens::of_answer(&other), None, "{other}");
    }
}

#[test]
fn a_spans_attributes_are_counted_under_every_name_that_they_had() {
    for (attributes, wanted) in [
        (vec![], tokens(0, 0, 0)),
        (
            vec![
                ("gen_ai.usage.input_tokens", 100),
                ("gen_ai.usage.cache_read.input_tokens", 60),
                ("gen_ai.usage.output_tokens", 30),
                ("gen_ai.usage.reasoning.output_tokens", 20),
            ],
            tokens(100, 60, 30),
        ),
        (
            vec![
                ("gen_ai.usage.prompt_tokens", 7),
                ("gen_ai.usage.completion_tokens", 9),
            ],
            tokens(7, 0, 9),
        ),
        // The provider's own names: what came from the cache lies beside the input.
        (
            vec![
                ("gen_ai.usage.input_tokens", 21),
                ("gen_ai.usage.cache_read_input_tokens", 500),
                ("gen_ai.usage.cache_creation_input_tokens", 79),
                ("gen_ai.usage.output_tokens", 3),
            ],
            tokens(600, 500, 3),
        ),
        // A part that is more than the whole was not in it.
        (
            vec![
                ("gen_ai.usage.input_tokens", 21),
                ("gen_ai.usage.cache_read.input_tokens", 500),
                ("gen_ai.usage.output_tokens", 3),
                ("gen_ai.usage.reasoning_tokens", 40),
            ],
            tokens(521, 500, 43),
        ),
        (vec![("gen_ai.usage.input_tokens", -1)], tokens(0, 0, 0)),
    ] {
        let attributes: Vec<KeyValue> = attributes
            .into_iter()
            .map(|(name, count)| attribute(name, Any::IntValue(count)))
            .collect();
        assert_eq!(Tokens::of_span(Attributes(&attributes)), wanted, "{attributes:?}");
    }
}

#[test]
fn what_the_provider_said_itself_counts_first() {
    let answer = json!({ "usage": { "input_tokens": 5, "output_tokens": 6, "cache_read_input_tokens": 10 } });
    let attributes = [
        attribute("gen_ai.usage.input_tokens", Any::IntValue(5)),
        attribute("response_data", Any::StringValue(answer.to_string())),
    ];
    assert_eq!(Tokens::of_span(Attributes(&attributes)), tokens(15, 10, 6));
}
