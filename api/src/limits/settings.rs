//! The limits, each a setting.

use std::time::Duration;

use projections::PastLimits;

/// Makes the struct of the limits, their defaults and their list from one table.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $default:literal,)+) => {
        /// What a request, a document or a connection may ask for at most.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: usize,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }
    };
}

limits! {
    /// Bytes of a request's body, and of a message on a WebSocket.
    request_bytes = 1_048_576,
    /// Bytes of a GraphQL document.
    document_bytes = 131_072,
    /// Tokens of a document.
    tokens = 10_000,
    /// Selections inside each other, counted before the document is parsed, and again with its fragments
    /// put in their places. At most 64: the parser's own stack ends somewhere behind it.
    selection_nesting = 32,
    /// Lists, objects and list types inside each other in a document. At most 64.
    value_nesting = 16,
    /// Arrays and objects inside each other in a request's JSON.
    json_nesting = 32,
    /// Fields inside each other.
    depth = 16,
    /// Fields, with the fragments put in their places.
    fields = 10_000,
    /// Aliases in a document.
    aliases = 100,
    /// Fields at the root of an operation.
    root_fields = 30,
    /// Directives in a document.
    directives = 50,
    /// Requests in a batch; 1 turns batches off.
    batch = 10,
    /// What an operation may cost: a field is 1, a list multiplies what is inside by its length.
    cost = 5_000,
    /// Milliseconds until a query or a mutation must be answered, and until a request's body must be there.
    time_ms = 30_000,
    /// Milliseconds until a request's head must be there.
    head_ms = 10_000,
    /// Milliseconds that a query waits for the position that it asks to see.
    wait_ms = 2_000,
    /// Milliseconds that an answer about the past may take (`asOf`, `evidence`, explanations, verification), the wait
    /// for its turn included.
    past_ms = 10_000,
    /// Rows that an answer about the past may hold in memory.
    past_rows = 100_000,
    /// Answers about the past that are worked on at the same time.
    past_at_once = 4,
    /// Milliseconds within which a WebSocket must introduce itself.
    init_ms = 10_000,
    /// Milliseconds between two pings; a WebSocket that was silent for two of them is closed.
    ping_ms = 15_000,
    /// Operations at the same time on a WebSocket.
    socket_operations = 100,
    /// Subscriptions of a tenant at the same time.
    tenant_subscriptions = 10_000,
    /// WebSockets and streams from one address at the same time.
    address_connections = 5_000,
    /// Reads of the log's table at the same time for subscriptions that are behind.
    backfills = 4,
    /// The same for one tenant's.
    tenant_backfills = 2,
    /// Replays of a tenant's past that are played at the same time.
    replays = 32,
    /// The same for one tenant's.
    tenant_replays = 4,
    /// Milliseconds without a word until a subscription tells a heartbeat.
    heartbeat_ms = 15_000,
    /// Responses that are kept for those who share an execution; who is further behind reads the table.
    live_responses = 1_024,
}

/// More than any machine has cores; the turns are counted in a small number.
const PAST_AT_ONCE_AT_MOST: usize = 10_000;

/// Whatever is set: the parser's stack does not hold more.
const NESTING_AT_MOST: usize = 64;

impl Limits {
    /// How deep selections may nest, as far as the parser's stack goes.
    pub(crate) fn selections(&self) -> usize {
        self.selection_nesting.min(NESTING_AT_MOST)
    }

    /// How deep values and types may nest, as far as the parser's stack goes.
    pub(crate) fn values(&self) -> usize {
        self.value_nesting.min(NESTING_AT_MOST)
    }

    /// How long a query or a mutation may take.
    pub(crate) fn time(&self) -> Duration {
        milliseconds(self.time_ms)
    }

    /// How long a request's head may take.
    #[must_use]
    pub fn head(&self) -> Duration {
        milliseconds(self.head_ms)
    }

    /// How long a query waits for the position that it asks to see.
    #[must_use]
    pub fn wait(&self) -> Duration {
        milliseconds(self.wait_ms)
    }

    /// How much an answer about the past may cost.
    #[must_use]
    pub fn past(&self) -> PastLimits {
        PastLimits {
            time: milliseconds(self.past_ms),
            rows: self.past_rows,
            // With none at a time there would be no answer at all.
            at_once: self.past_at_once.clamp(1, PAST_AT_ONCE_AT_MOST),
        }
    }

    /// How long a socket may stay without a word.
    pub(crate) fn init(&self) -> Duration {
        milliseconds(self.init_ms)
    }

    /// How long a subscription may be without a word.
    pub(crate) fn heartbeat(&self) -> Duration {
        // Not zero: an interval of nothing is none.
        milliseconds(self.heartbeat_ms.max(1))
    }

    /// How often a socket is pinged.
    pub(crate) fn ping(&self) -> Duration {
        milliseconds(self.ping_ms)
    }
}

fn milliseconds(count: usize) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use projections::PastLimits;

    use super::Limits;

    #[test]
    fn the_past_may_cost_here_what_it_may_cost_elsewhere() {
        assert_eq!(Limits::default().past(), PastLimits::default());
        let none = Limits {
            past_at_once: 0,
            ..Limits::default()
        };
        assert_eq!(none.past().at_once, 1);
    }
}
