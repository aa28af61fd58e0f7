//! Tokens of a model's call, each counted once: providers differ in whether what came from a cache is part of what
//! was sent, and whether what was thought is part of what was written.

use serde_json::Value;

use super::attributes::Attributes;

/// The tokens of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    /// Sent to the model, cached ones included.
    pub(super) input: u64,
    /// Those of the sent that were read from a cache.
    pub(super) cached: u64,
    /// Written by the model, thoughts included.
    pub(super) output: u64,
}

/// The names that the conventions have, or had, for a count: the present one first.
const INPUT: [&str; 3] = [
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.prompt_tokens",
];
const OUTPUT: [&str; 3] = [
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
];
const CACHED: [&str; 2] = [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.input_tokens.cached",
];
const REASONING: [&str; 3] = [
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
];
/// Counts under a provider's own names, which lie beside the input and not in it.
const CACHED_BESIDE: [&str; 1] = ["gen_ai.usage.cache_read_input_tokens"];
const WRITTEN_BESIDE: [&str; 1] = ["gen_ai.usage.cache_creation_input_tokens"];
/// A provider's answer, or the usage in it, as some instrumentations keep it: as JSON.
const RAW: [&str; 2] = ["response_data", "gen_ai.response.usage"];

impl Tokens {
    /// The tokens of a span. What the provider itself said counts first; then the conventions' attributes, by which
    /// cached tokens are part of the input and thoughts part of the output (semantic conventions for generative AI,
    /// `gen_ai.usage.*`). Without any, they are zero.
    pub(super) fn of_span(attributes: Attributes<'_>) -> Self {
        let raw = attributes
            .text(&RAW)
            .and_then(|text| serde_json::from_str(text).ok());
        if let Some(tokens) = raw.as_ref().and_then(Self::of_answer) {
            return tokens;
        }
        let count = |names: &[&str]| attributes.count(names).unwrap_or_default();
        let beside = count(&CACHED_BESIDE) + count(&WRITTEN_BESIDE);
        let (input, cached) = match beside {
            0 => (count(&INPUT), count(&CACHED)),
            beside => (count(&INPUT) + beside, count(&CACHED_BESIDE)),
        };
        let (output, reasoning) = (count(&OUTPUT), count(&REASONING));
        Self {
            // A part is never more than the whole: then it was counted beside it.
            input: if cached > input { input + cached } else { input },
            cached,
            output: if reasoning > output {
                output + reasoning
            } else {
                output
            },
        }
    }

    /// The tokens that a provider's answer tells of, or the usage in it: `OpenAI`'s two APIs and whoever speaks as they
    /// do, `Anthropic`, `Google`, Bedrock's `Converse`, `Ollama`. `None` if it is none of these.
    pub(super) fn of_answer(answer: &Value) -> Option<Self> {
        let usage = ["usage", "usageMetadata", "usage_metadata"]
            .iter()
            .find_map(|name| answer.get(name).filter(|usage| usage.is_object()))
            .unwrap_or(answer);
        let count = |path: &str| usage.pointer(path).and_then(Value::as_u64);
        let part = |path: &str| count(path).unwrap_or_default();
        if let (Some(input), Some(output)) = (count("/prompt_tokens"), count("/completion_tokens")) {
            let cached = count("/prompt_tokens_details/cached_tokens").or_else(|| count("/cached_tokens"));
            return Some(Self::whole(input, cached.unwrap_or_default(), output));
        }
        if let (Some(input), Some(output)) = (count("/input_tokens"), count("/output_tokens")) {
            let cached = part("/cache_read_input_tokens");
            let beside = cached + part("/cache_creation_input_tokens");
            return Some(match beside {
                0 => Self::whole(input, part("/input_tokens_details/cached_tokens"), output),
                beside => Self::whole(input + beside, cached, output),
            });
        }
        if let (Some(input), Some(output)) = (count("/inputTokens"), count("/outputTokens")) {
            let cached = part("/cacheReadInputTokens");
            let input = input + cached + part("/cacheWriteInputTokens");
            return Some(Self::whole(input, cached, output));
        }
        if let Some(input) = count("/promptTokenCount") {
            let input = input + part("/toolUsePromptTokenCount");
            let output = part("/candidatesTokenCount") + part("/thoughtsTokenCount");
            return Some(Self::whole(input, part("/cachedContentTokenCount"), output));
        }
        // Ollama leaves the first out when the whole prompt was in its cache.
        let output = count("/eval_count")?;
        Some(Self::whole(part("/prompt_eval_count"), 0, output))
    }

    const fn whole(input: u64, cached: u64, output: u64) -> Self {
        Self {
            input,
            cached,
            output,
        }
    }
}
