//! A part of the log up to a position, page by page, each event with its tenant's settings at that point.

use std::sync::Arc;

use domain::{RecordedEvent, StreamId};
use store::{Log, Part, Place, ReadError};

use super::{Pace, Waiting};
use crate::engine::context::{Noted, Timeline};

/// The events of a page.
const PAGE: u32 = 2_000;

/// Goes along a part of the log.
pub(crate) struct Walk {
    log: Log,
    part: Part,
    upto: u64,
    after: Place,
    timeline: Option<Timeline>,
    waiting: Waiting,
    is_over: bool,
}

impl Walk {
    /// From the part's begin up to a position included.
    pub(crate) fn new(log: Log, part: Part, upto: u64) -> Self {
        Self {
            log,
            part,
            upto,
            after: Place::default(),
            timeline: None,
            waiting: Waiting::default(),
            is_over: false,
        }
    }

    /// The same without the events that wait in parked streams.
    pub(crate) fn without(self, waiting: Waiting) -> Self {
        Self { waiting, ..self }
    }

    /// The same after a position; not for the part of one stream.
    pub(crate) fn beyond(self, position: u64) -> Self {
        Self {
            after: Place::after_position(position),
            ..self
        }
    }

    /// The next page; an empty one: that was all.
    pub(crate) async fn next(&mut self, pace: &mut Pace) -> Result<Vec<Noted>, ReadError> {
        if self.timeline.is_none() {
            self.timeline = Some(self.settings(pace).await?);
        }
        let mut page = Vec::new();
        while page.is_empty() && !self.is_over {
            page = self.page(pace).await?;
            page.retain(|noted| !self.waiting.has(&noted.event));
        }
        Ok(page)
    }

    async fn page(&mut self, pace: &mut Pace) -> Result<Vec<Noted>, ReadError> {
        let limit = pace.at_once(PAGE);
        let events = self.log.part(&self.part, self.after, self.upto, limit).await?;
        pace.spend(events.len()).await;
        if let Some(last) = events.last() {
            self.after = Place::after(last);
        }
        self.is_over = events.len() < limit as usize;
        Ok(self.timeline.as_mut().map_or_else(Vec::new, |timeline| {
            timeline.annotate(events.into_iter().map(Arc::new).collect())
        }))
    }

    /// The first event of a tenant's part after a position; whoever asks for one asks for no pages.
    pub(crate) async fn one_after(
        &mut self,
        position: u64,
        pace: &mut Pace,
    ) -> Result<Option<Noted>, ReadError> {
        let mut timeline = match self.timeline.take() {
            Some(timeline) => timeline,
            None => self.settings(pace).await?,
        };
        let after = Place::after_position(position);
        let events = self.log.part(&self.part, after, self.upto, 1).await?;
        pace.spend(events.len()).await;
        let noted = timeline.annotate(events.into_iter().map(Arc::new).collect());
        self.timeline = Some(timeline);
        Ok(noted.into_iter().next())
    }

    /// The tenant's settings along the log: they lie in its own stream, which stays at hand when years are archived.
    async fn settings(&self, pace: &mut Pace) -> Result<Timeline, ReadError> {
        let tenant = self.part.tenant();
        let stream = Part::Stream(StreamId {
            aggregate_type: "tenant",
            tenant,
            id: tenant.to_string(),
        });
        let mut timeline = Timeline::of_the_past();
        let meters = self.log.of_kind(tenant, "meter", self.upto).await?;
        pace.spend(meters.len()).await;
        timeline.note_meters(&meters);
        let at_hand = self.log.of_kind(tenant, "tenant", self.upto).await?;
        pace.spend(at_hand.len()).await;
        let is_whole = at_hand
            .iter()
            .zip(1..)
            .all(|(event, place)| event.sequence == place);
        if is_whole && !at_hand.is_empty() {
            timeline.annotate(at_hand.into_iter().map(Arc::new).collect());
            return Ok(timeline);
        }
        let mut after = Place::default();
        loop {
            let limit = pace.at_once(PAGE);
            let events: Vec<RecordedEvent> = self.log.part(&stream, after, self.upto, limit).await?;
            pace.spend(events.len()).await;
            let is_over = events.len() < limit as usize;
            if let Some(last) = events.last() {
                after = Place::after(last);
            }
            timeline.annotate(events.into_iter().map(Arc::new).collect());
            if is_over {
                return Ok(timeline);
            }
        }
    }
}
