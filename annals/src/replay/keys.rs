//! The keys of a playback in the terminal: pressed, or written to standard input.

use std::io::{IsTerminal as _, Read as _, stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Space or p: pause, or go on.
    Pause,
    /// s: one step, and pause.
    Step,
    /// +: twice as fast.
    Faster,
    /// -: half as fast.
    Slower,
    /// n: the next event at once.
    Next,
    /// q: the end.
    Quit,
}

impl Key {
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            b' ' | b'p' => Self::Pause,
            b's' => Self::Step,
            b'+' => Self::Faster,
            b'-' => Self::Slower,
            b'n' => Self::Next,
            b'q' => Self::Quit,
            _ => return None,
        })
    }
}

/// Reads keys until it is dropped; a terminal gives each as it is pressed, and is as it was afterwards.
pub(super) struct Keys {
    before: Option<Termios>,
    keys: mpsc::Receiver<Key>,
}

impl Keys {
    pub(super) fn listen() -> Self {
        let (sender, keys) = mpsc::channel(16);
        let before = stdin().is_terminal().then(|| tcgetattr(stdin()).ok()).flatten();
        if let Some(before) = &before {
            let mut each = before.clone();
            each.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            // A terminal that can't do it gives whole lines.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &each);
        }
        // A thread of its own: reading can't be given up, and the program ends without it.
        std::thread::spawn(move || {
            let mut bytes = stdin().lock().bytes();
            while let Some(Ok(byte)) = bytes.next() {
                if let Some(key) = Key::of(byte)
                    && sender.blocking_send(key).is_err()
                {
                    return;
                }
            }
        });
        Self { before, keys }
    }

    /// The next key; never, when there are no more.
    pub(super) async fn next(&mut self) -> Key {
        match self.keys.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }

    /// Whether somebody sits there.
    pub(super) const fn is_terminal(&self) -> bool {
        self.before.is_some()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
