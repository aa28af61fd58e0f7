//! The thread that makes records of events, so that the one that writes only hands them over.

use std::sync::Arc;

use domain::RecordedEvent;
use store::StoredEvent;
use tokio::sync::mpsc;

use super::error::RelayError;
use super::place::Place;
use super::record::Record;
use super::settings::Settings;

/// Events of the log, in order.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) events: Vec<Arc<RecordedEvent>>,
    /// The same as they are stored, where the log's topic is written.
    pub(super) rows: Vec<StoredEvent>,
    pub(super) then: Then,
}

/// What lies behind a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// More events, which are on their way.
    More,
    /// Nothing for now.
    End,
}

/// What is sent for a page.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) records: Vec<Record>,
    pub(super) rows: Vec<StoredEvent>,
    /// The last of its events.
    pub(super) place: Place,
    pub(super) then: Then,
}

impl Made {
    fn try_new(page: Page, settings: &Settings) -> Result<Option<Self>, RelayError> {
        let Some(last) = page.events.last() else {
            return Ok(None);
        };
        let place = Place {
            position: last.position,
            event: last.event_id.to_string(),
        };
        let records = page.events.iter().map(|event| Record::try_new(event, settings));
        Ok(Some(Self {
            records: records.collect::<Result<_, _>>()?,
            rows: page.rows,
            place,
            then: page.then,
        }))
    }
}

/// Makes records until there are no more pages, or one can't be made.
pub(super) fn run(
    settings: &Settings,
    mut pages: mpsc::Receiver<Page>,
    made: &mpsc::Sender<Result<Made, RelayError>>,
) {
    while let Some(page) = pages.blocking_recv() {
        let Some(one) = Made::try_new(page, settings).transpose() else {
            continue;
        };
        let failed = one.is_err();
        if made.blocking_send(one).is_err() || failed {
            return;
        }
    }
}
