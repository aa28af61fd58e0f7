//! The SQL statements that the gateway sends while something is asked, as sqlx tells them.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// What was said on this thread, where somebody listens.
    static HEARD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Hears the statements of this thread, and so of a test's own runtime, for as long as it lives.
pub(crate) struct Statements(());

impl Statements {
    pub(crate) fn listen() -> Self {
        // One ear for the whole process: what a subscriber of one thread is told depends on the others'.
        static EAR: Once = Once::new();
        EAR.call_once(|| tracing::subscriber::set_global_default(Ear).unwrap());
        HEARD.set(Some(Vec::new()));
        Self(())
    }

    /// The queries over read models that were sent since the last call, in their order.
    pub(crate) fn take(&self) -> Vec<String> {
        let is_query = |text: &String| text.starts_with("select") && text.contains(" t where t.tenant_id = ");
        self.all().into_iter().filter(is_query).collect()
    }

    /// How many statements began with this text since the last call.
    pub(crate) fn beginning_with(&self, text: &str) -> usize {
        self.all()
            .iter()
            .filter(|statement| statement.starts_with(text))
            .count()
    }

    fn all(&self) -> Vec<String> {
        HEARD.replace(Some(Vec::new())).unwrap_or_default()
    }
}

impl Drop for Statements {
    fn drop(&mut self) {
        HEARD.set(None);
    }
}

struct Ear;

#[derive(Default)]
struct Text {
    statement: Option<String>,
    summary: Option<String>,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "db.statement" if !value.trim().is_empty() => self.statement = Some(value.trim().to_owned()),
            "summary" => self.summary = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl Subscriber for Ear {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match metadata.target() {
            "sqlx::query" => Interest::sometimes(),
            _ => Interest::never(),
        }
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query" && HEARD.with_borrow(Option::is_some)
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        if let Some(statement) = text.statement.or(text.summary) {
            HEARD.with_borrow_mut(|heard| {
                if let Some(heard) = heard {
                    heard.push(statement);
                }
            });
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
