//! Media types: what a request is written in, and what its answer may be written in.

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: every well-formed request is answered with 200.
    Json,
    /// `application/graphql-response+json`: the status tells whether there was an execution.
    GraphqlResponse,
    /// `text/event-stream`: graphql-sse, distinct connections.
    EventStream,
    /// `multipart/mixed; subscriptionSpec=1.0`: a part an event.
    Multipart,
    /// `text/html`: for people.
    Html,
}

impl Media {
    /// The header's value.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
            Self::Multipart => "multipart/mixed; boundary=\"graphql\"; subscriptionSpec=\"1.0\"",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// Whether answers that go on can be written in it.
    pub(super) const fn is_stream(self) -> bool {
        matches!(self, Self::EventStream | Self::Multipart)
    }

    /// What errors are written in where this was asked for.
    pub(super) const fn of_errors(self) -> Self {
        match self {
            Self::GraphqlResponse => Self::GraphqlResponse,
            Self::Json | Self::EventStream | Self::Multipart | Self::Html => Self::Json,
        }
    }
}

/// What the client likes best of what there is; `None` when it takes nothing of it (RFC 9110, 12.5.1).
pub(super) fn accepted(headers: &HeaderMap) -> Option<Media> {
    let Some(accept) = joined(headers, &ACCEPT) else {
        return Some(Media::Json);
    };
    let mut best: Option<(Media, u16)> = None;
    for range in accept.split(',') {
        let (essence, parameters) = parts(range);
        let Some(media) = media_of(&essence, &parameters) else {
            continue;
        };
        let weight = weight(&parameters);
        // Of two that are liked the same, the first.
        if weight > 0 && best.is_none_or(|(_, other)| weight > other) {
            best = Some((media, weight));
        }
    }
    best.map(|(media, _)| media)
}

/// Whether the request's body is JSON in UTF-8.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = joined(headers, &CONTENT_TYPE) else {
        return false;
    };
    let (essence, parameters) = parts(&content_type);
    let charset = parameters.iter().find(|(name, _)| name == "charset");
    matches!(essence.as_str(), "application/json" | "application/graphql+json")
        && charset.is_none_or(|(_, charset)| charset.eq_ignore_ascii_case("utf-8"))
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values = headers.get_all(name).iter();
    let values: Vec<&str> = values.map(|value| value.to_str().unwrap_or_default()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn media_of(essence: &str, parameters: &[(String, String)]) -> Option<Media> {
    match essence {
        "application/json" | "application/*" | "*/*" | "" => Some(Media::Json),
        "application/graphql-response+json" => Some(Media::GraphqlResponse),
        "text/event-stream" => Some(Media::EventStream),
        "text/html" => Some(Media::Html),
        "multipart/mixed" => {
            let is_subscription = parameters
                .iter()
                .any(|(name, value)| name == "subscriptionspec" && value == "1.0");
            is_subscription.then_some(Media::Multipart)
        }
        _ => None,
    }
}

/// The type in lower case, and its parameters with their names in lower case.
fn parts(range: &str) -> (String, Vec<(String, String)>) {
    let mut parts = range.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let parameters = parts.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        Some((name.trim().to_ascii_lowercase(), value.to_owned()))
    });
    (essence, parameters.collect())
}

/// A range's weight in thousandths.
fn weight(parameters: &[(String, String)]) -> u16 {
    let Some((_, text)) = parameters.iter().find(|(name, _)| name == "q") else {
        return 1_000;
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let thousandths = format!("{part:0<3}");
    let part = thousandths.get(..3).and_then(|digits| digits.parse::<u16>().ok());
    match whole {
        "0" => part.unwrap_or(0),
        _ => 1_000,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderName};

    use super::{Media, accepted, is_json};

    fn with(name: HeaderName, values: &[&str]) -> HeaderMap {
        let pairs = values.iter().map(|value| (name.clone(), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn the_client_gets_what_it_likes_best() {
        for (accept, media) in [
            ("*/*", Some(Media::Json)),
            ("application/graphql-response+json", Some(Media::GraphqlResponse)),
            (
                "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/graphql-response+json;q=0.5, application/json;q=0.9",
                Some(Media::Json),
            ),
            (
                "application/json;q=0, text/event-stream;q=0.1",
                Some(Media::EventStream),
            ),
            (
                "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json",
                Some(Media::Multipart),
            ),
            (
                "multipart/mixed;deferSpec=20220824,application/json",
                Some(Media::Json),
            ),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Some(Media::Html)),
            ("image/png", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(accepted(&with(ACCEPT, &[accept])), media, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Some(Media::Json));
        assert_eq!(
            accepted(&with(ACCEPT, &["image/png", "application/json"])),
            Some(Media::Json)
        );
    }

    #[test]
    fn a_body_is_json_in_utf_8_and_nothing_that_a_form_can_send() {
        for right in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(is_json(&with(CONTENT_TYPE, &[right])), "{right}");
        }
        for wrong in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=iso-8859-1",
            "text/plain, application/json",
            "",
        ] {
            assert!(!is_json(&with(CONTENT_TYPE, &[wrong])), "{wrong}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
