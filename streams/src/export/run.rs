//! An export, page by page.

use std::io::Write;

use domain::RecordedEvent;
use store::Log;

use super::error::ExportError;
use super::order::ExportOrder;
use super::sink::Sink;
use crate::CloudEvent;
use crate::public::cursor;

const PAGE: u32 = 2_000;

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many events.
    pub events: u64,
    /// The position of the last one; that before the export, if there was none.
    pub position: u64,
    /// The cursor of the last one, with which an export goes on; `None` if there was none.
    pub cursor: Option<String>,
}

/// Writes the events that the order names, a page in memory at a time.
///
/// # Errors
/// [`ExportError`]; what was written before stays.
pub async fn export<W: Write + Send>(
    log: &Log,
    order: &ExportOrder,
    out: W,
) -> Result<Exported, ExportError> {
    let mut run = Run::new(order, out)?;
    while run.page(log).await? {}
    run.finish()
}

/// An export under way.
pub(super) struct Run<'a, W: Write + Send> {
    order: &'a ExportOrder,
    sink: Sink<W>,
    done: Exported,
}

impl<'a, W: Write + Send> Run<'a, W> {
    pub(super) fn new(order: &'a ExportOrder, out: W) -> Result<Self, ExportError> {
        Ok(Self {
            order,
            sink: Sink::new(order.format, out)?,
            done: Exported {
                position: order.after,
                ..Exported::default()
            },
        })
    }

    /// Writes a page; whether there may be another.
    pub(super) async fn page(&mut self, log: &Log) -> Result<bool, ExportError> {
        let page = log.page(self.done.position, &self.order.filter, PAGE).await?;
        let upto = self.order.upto.unwrap_or(u64::MAX);
        for event in &page {
            if event.position > upto {
                return Ok(false);
            }
            self.event(event)?;
        }
        Ok(page.len() == PAGE as usize)
    }

    fn event(&mut self, event: &RecordedEvent) -> Result<(), ExportError> {
        let public = CloudEvent::try_new(event, self.order.personal);
        let public = public.map_err(|source| ExportError::Show {
            position: event.position,
            source,
        })?;
        self.sink.write(&public)?;
        self.done = Exported {
            events: self.done.events + 1,
            position: event.position,
            cursor: Some(cursor(event.tenant(), event.position)),
        };
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<Exported, ExportError> {
        self.sink.finish()?;
        Ok(self.done)
    }
}
