//! A stream of responses with a sign of life in every pause.

use std::time::Duration;

use async_graphql::Response;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use tokio::time::{Instant, Interval, interval_at};

/// What is to be written next.
pub(super) enum Beat {
    Response(Box<Response>),
    /// Nothing came for a while.
    Pause,
    /// Nothing will come.
    End,
}

struct Beating {
    responses: BoxStream<'static, Response>,
    pauses: Interval,
    is_over: bool,
}

/// The responses, a pause for each time without one, and the end.
pub(super) fn beats(responses: BoxStream<'static, Response>, pause: Duration) -> impl Stream<Item = Beat> {
    let beating = Beating {
        responses,
        pauses: interval_at(Instant::now() + pause, pause),
        is_over: false,
    };
    stream::unfold(beating, |mut beating| async move {
        if beating.is_over {
            return None;
        }
        let beat = tokio::select! {
            biased;
            response = beating.responses.next() => match response {
                Some(response) => {
                    beating.pauses.reset();
                    Beat::Response(Box::new(response))
                }
                None => {
                    beating.is_over = true;
                    Beat::End
                }
            },
            _ = beating.pauses.tick() => Beat::Pause,
        };
        Some((beat, beating))
    })
}
