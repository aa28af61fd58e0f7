//! Why the server closes a socket: the protocol's codes.

use std::borrow::Cow;

use axum::extract::ws::{CloseFrame, Message};

/// As much of a reason as a close frame holds (RFC 6455, 5.5).
const REASON_BYTES: usize = 123;

/// A reason to close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// A message is larger than the limit (RFC 6455's own code).
    TooLarge,
    /// A message is none of the protocol's.
    Invalid(String),
    /// An operation before the connection was acknowledged.
    Unauthorized,
    /// The token opens nothing.
    Forbidden(String),
    /// The client does not speak graphql-transport-ws.
    NoProtocol,
    /// The client did not introduce itself in time.
    InitTimedOut,
    /// An operation under an id that is in use.
    Duplicate(String),
    /// A second introduction, or too many operations.
    TooMany(Cow<'static, str>),
    /// The client went silent.
    Silent,
    /// The process ends; another one serves (the registry of close codes of RFC 6455).
    Restart,
    /// Too many sockets.
    Crowded(String),
}

impl Close {
    pub(super) const fn code(&self) -> u16 {
        match self {
            Self::TooLarge => 1009,
            Self::Invalid(_) => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden(_) => 4403,
            Self::NoProtocol => 4406,
            Self::InitTimedOut => 4408,
            Self::Duplicate(_) => 4409,
            Self::TooMany(_) | Self::Crowded(_) => 4429,
            Self::Silent => 4499,
            Self::Restart => 1012,
        }
    }

    fn reason(&self) -> Cow<'_, str> {
        match self {
            Self::TooLarge => "Message too large".into(),
            Self::Invalid(reason) | Self::Forbidden(reason) | Self::Crowded(reason) => reason.into(),
            Self::Unauthorized => "Unauthorized".into(),
            Self::NoProtocol => "Subprotocol not acceptable".into(),
            Self::InitTimedOut => "Connection initialisation timeout".into(),
            Self::Duplicate(id) => format!("Subscriber for {id} already exists").into(),
            Self::TooMany(what) => what.as_ref().into(),
            Self::Silent => "Terminated: no answer to pings".into(),
            Self::Restart => "Service restart: connect again and go on behind the last cursor".into(),
        }
    }

    /// The frame that tells it.
    pub(super) fn frame(&self) -> Message {
        let reason = self.reason();
        let mut end = reason.len().min(REASON_BYTES);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Message::Close(Some(CloseFrame {
            code: self.code(),
            reason: reason[..end].into(),
        }))
    }
}
