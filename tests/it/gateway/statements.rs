//! The SQL statements that the gateway sends while something is asked, as sqlx tells them.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Hears the statements of this thread for as long as it lives.
pub(crate) struct Statements {
    heard: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl Statements {
    pub(crate) fn listen() -> Self {
        let heard = Arc::default();
        let guard = tracing::subscriber::set_default(Ear(Arc::clone(&heard)));
        // Another test may have found at the same moment that nobody listens.
        tracing::callsite::rebuild_interest_cache();
        Self { heard, _guard: guard }
    }

    /// The queries over read models that were sent since the last call, in their order.
    pub(crate) fn take(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        let is_query = |text: &String| text.starts_with("select") && text.contains(" t where t.tenant_id = ");
        heard.into_iter().filter(is_query).collect()
    }
}

struct Ear(Arc<Mutex<Vec<String>>>);

struct Text(Option<String>, Option<String>);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "db.statement" if !value.trim().is_empty() => self.0 = Some(value.trim().to_owned()),
            "summary" => self.1 = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut text = Text(None, None);
        event.record(&mut text);
        if let Some(statement) = text.0.or(text.1) {
            self.0.lock().unwrap().push(statement);
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
