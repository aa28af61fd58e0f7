//! The end of a process, told to everything that is open for long.

use std::sync::Arc;

use tokio::sync::watch;

/// Tells open sockets and streams that the process is about to end, and waits until they are closed. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct Drain {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    begun: watch::Sender<bool>,
    open: watch::Sender<usize>,
}

/// Something that is open; it counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Open(Arc<Shared>);

impl Default for Drain {
    fn default() -> Self {
        let shared = Shared {
            begun: watch::Sender::new(false),
            open: watch::Sender::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl Drain {
    /// Begins the end: subscriptions tell a last cursor and end.
    pub fn begin(&self) {
        self.shared.begun.send_replace(true);
    }

    /// Waits until nothing is open any more.
    pub async fn finished(&self) {
        let mut open = self.shared.open.subscribe();
        // The sender is in `self`: waiting can't fail.
        drop(open.wait_for(|open| *open == 0).await);
    }

    /// Whether the end has begun.
    pub(crate) fn has_begun(&self) -> bool {
        *self.shared.begun.borrow()
    }

    /// Waits for the end to begin.
    pub(crate) async fn begun(&self) {
        let mut begun = self.shared.begun.subscribe();
        drop(begun.wait_for(|begun| *begun).await);
    }

    /// Counts something as open.
    pub(crate) fn open(&self) -> Open {
        self.shared.open.send_modify(|open| *open += 1);
        Open(Arc::clone(&self.shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}
