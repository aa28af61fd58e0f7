//! A subscription as a stream over HTTP: its frames, a sign of life in every pause, and its end.

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::{Pos, Response};
use futures::{Stream, stream};
use tokio::time::{Instant, Interval, interval_at};

use crate::auth::{Denied, Identity, Revocations};
use crate::gateway::{Gateway, Refusal};
use crate::graphql::kit::IntoFault;
use crate::live::{Admitted, Ended, Frame, Open, Subscriber, Turn};

/// What is to be written next.
pub(in crate::http) enum Beat {
    Frames(Vec<Arc<Frame>>),
    /// Nothing came for a while.
    Pause,
    /// Nothing will come.
    End(End),
}

/// Why nothing will come.
pub(in crate::http) enum End {
    Complete,
    /// The process ends.
    Drained,
    /// The token does not open any more what it opened.
    Denied(Box<Response>),
}

/// Who reads a stream: its token is watched as long as it is open.
pub(in crate::http) struct Reader {
    identity: Identity,
    revocations: Revocations,
    _admitted: Admitted,
    _open: Open,
}

impl Reader {
    /// Lets a reader in, before it is known who it is.
    pub(in crate::http) fn admit(
        gateway: &Gateway,
        identity: Identity,
        revocations: Revocations,
        address: Option<IpAddr>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            identity,
            revocations,
            _admitted: gateway.hub.connect(address)?,
            _open: gateway.hub.drain().open(),
        })
    }
}

struct Beating {
    subscriber: Box<Subscriber>,
    reader: Box<Reader>,
    pauses: Interval,
    is_over: bool,
}

/// The frames, a pause for each time without one, and the end.
pub(in crate::http) fn beats(
    gateway: &Gateway,
    subscriber: Box<Subscriber>,
    reader: Box<Reader>,
) -> impl Stream<Item = Beat> + Send + 'static {
    let pause = gateway.limits.ping();
    let beating = Beating {
        subscriber,
        reader,
        pauses: interval_at(Instant::now() + pause, pause),
        is_over: false,
    };
    stream::unfold(beating, |mut beating| async move {
        if beating.is_over {
            return None;
        }
        let beat = tokio::select! {
            biased;
            () = beating.reader.revocations.of(&beating.reader.identity) => Beat::End(End::Denied(denied())),
            turn = beating.subscriber.next() => match turn {
                Turn::Frames(frames) => Beat::Frames(frames),
                Turn::Over(Ended::Completed | Ended::Failed) => Beat::End(End::Complete),
                Turn::Over(Ended::Drained) => Beat::End(End::Drained),
            },
            _ = beating.pauses.tick() => Beat::Pause,
        };
        match &beat {
            Beat::Frames(_) => beating.pauses.reset(),
            Beat::Pause => {}
            Beat::End(_) => beating.is_over = true,
        }
        Some((beat, beating))
    })
}

fn denied() -> Box<Response> {
    let error = Denied::Unauthenticated
        .into_fault()
        .into_server_error(Pos::default());
    Box::new(Response::from_errors(vec![error]))
}
