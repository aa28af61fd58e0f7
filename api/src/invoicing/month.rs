//! A month's run: all periods of a tenant that end in it.

use std::fmt;
use std::str::FromStr;

use domain::invoice::Stage;
use domain::{Caller, TenantId};
use jiff::civil::Date;
use projections::subscription::SubscriptionList;
use projections::{List, Page, QueryError};

use super::{Invoicing, InvoicingError, IssueWish, Issued};

/// A month of a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(Date);

/// What is no month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a month: write year and month, for instance 2026-10")]
pub struct NotAMonth(String);

impl FromStr for Month {
    type Err = NotAMonth;
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let day = format!("{text}-01").parse();
        day.map(Self).map_err(|_| NotAMonth(text.to_owned()))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m"))
    }
}

impl Month {
    /// The month that ended last before a day.
    #[must_use]
    pub fn before(day: Date) -> Self {
        let last = day.first_of_month().yesterday().unwrap_or(day);
        Self(last.first_of_month())
    }

    /// Its first and its last day.
    #[must_use]
    pub fn days(self) -> (Date, Date) {
        (self.0, self.0.last_of_month())
    }
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct MonthReport {
    /// What is issued, also before.
    pub issued: Vec<(String, Issued)>,
    /// What could not be issued.
    pub skipped: Vec<Skipped>,
}

/// A subscription that could not be billed.
#[derive(Debug)]
pub struct Skipped {
    /// Its id.
    pub subscription: String,
    /// Why.
    pub reason: InvoicingError,
}

/// How many subscriptions are looked at at once.
const PAGE: u32 = 500;

impl Invoicing {
    /// The ids of a tenant's subscriptions, the newest first.
    ///
    /// # Errors
    /// [`QueryError`] when the read models are away.
    pub async fn subscriptions(&self, tenant: TenantId) -> Result<Vec<String>, QueryError> {
        let mut ids = Vec::new();
        let mut list = List {
            page: Page {
                limit: PAGE,
                ..Page::default()
            },
            ..List::default()
        };
        loop {
            let listed = self.reader.list::<SubscriptionList>(tenant, &list).await?;
            for (place, row) in listed.rows {
                ids.push(row.id);
                list.page.from = Some(place);
            }
            if !listed.more {
                return Ok(ids);
            }
        }
    }

    /// Issues the bills of all periods of a tenant that end in a month. What is issued already stays as it is, so that a
    /// run that was broken off goes on.
    ///
    /// # Errors
    /// [`InvoicingError`] when the log or the read models are away; a subscription that can't be billed is told in the
    /// report.
    pub async fn issue_month(&self, caller: &Caller, month: Month) -> Result<MonthReport, InvoicingError> {
        let head = self.store.log().head().await?;
        self.seen(head).await?;
        let mut report = MonthReport::default();
        for subscription in self.subscriptions(caller.tenant).await? {
            self.issue_all(caller, &subscription, month, &mut report).await?;
        }
        Ok(report)
    }

    async fn issue_all(
        &self,
        caller: &Caller,
        subscription: &str,
        month: Month,
        report: &mut MonthReport,
    ) -> Result<(), InvoicingError> {
        let skip = |reason| Skipped {
            subscription: subscription.to_owned(),
            reason,
        };
        let begins = match self
            .past
            .periods_ending(caller.tenant, subscription, month.days())
            .await
        {
            Ok(begins) => begins,
            Err(error) => {
                report.skipped.push(skip(error.into()));
                return Ok(());
            }
        };
        for at in begins {
            let wish = IssueWish {
                subscription: subscription.to_owned(),
                at,
                stage: Stage::Closing,
            };
            match self.issue_seen(caller, &wish).await {
                Ok(Some(issued)) => report.issued.push((subscription.to_owned(), issued)),
                // A subscription that rested all the time owes nothing.
                Ok(None) | Err(InvoicingError::Nothing) => {}
                Err(error @ (InvoicingError::Bill(_) | InvoicingError::Store(_))) => {
                    report.skipped.push(skip(error))
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
