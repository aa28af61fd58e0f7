//! What a sender told of its things so far. Putting notices together commutes and repeats without effect, so that any
//! order of deliveries comes to the same.

use std::collections::BTreeMap;

use domain::Currency;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What stands where a person's address was (`migrations/0044_forgotten_webhooks.sql` writes it as well).
pub(super) const ERASED: &str = "[erased]";

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Kind {
    /// An organization: a tenant.
    Organization,
    /// A person.
    User,
    /// A person in an organization: a member.
    Membership,
    /// A subscription.
    Subscription,
    /// Money that came in, or did not.
    Payment,
    /// A payment that somebody wants back.
    Dispute,
    /// What leads from a payment's parts to its subscription.
    Link,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        self.into()
    }
}

/// Which state of a thing is newer: the sender's time, then how far the thing has come, then the text itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Version {
    /// In milliseconds since 1970.
    pub(super) at_ms: i64,
    pub(super) progress: u8,
}

/// How a subscription stands, in the order in which a standing of the same moment counts as newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// It has not begun: nothing was paid.
    Pending,
    /// It runs.
    Active,
    /// It rests.
    Paused,
    /// What is due was not paid.
    PastDue,
}

/// What a state says of a thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum About {
    Organization {
        name: String,
        slug: Option<String>,
    },
    User {},
    Membership {
        organization: String,
        user: String,
        email: String,
        name: Option<String>,
        role: String,
    },
    Subscription {
        /// The organization that pays; nothing, when all are of the source's tenant.
        organization: Option<String>,
        plan: String,
        amount: Decimal,
        currency: Currency,
        customer: Option<String>,
        standing: Standing,
    },
    Payment {
        /// The organization of the subscription; nothing, when all are of the source's tenant.
        organization: Option<String>,
        subscription: String,
        amount: Decimal,
        currency: Currency,
        invoice: Option<String>,
        /// Why it failed; nothing, when it did not.
        failure: Option<String>,
        at_ms: i64,
    },
    Dispute {
        /// The link that leads to the subscription.
        link: String,
        amount: Decimal,
        currency: Currency,
        reason: String,
        at_ms: i64,
    },
    Link {
        to: Target,
    },
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    Subscription(String),
    Link(String),
}

/// The end of a thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) at_ms: i64,
    pub(super) reason: String,
}

/// All that was told of a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// When it began, in milliseconds since 1970: the earliest that was told.
    #[serde(default)]
    pub(super) began_ms: Option<i64>,
    /// The newest state.
    #[serde(default)]
    pub(super) newest: Option<(Version, About)>,
    /// Its end, for good: the earliest that was told.
    #[serde(default)]
    pub(super) end: Option<End>,
}

impl Told {
    /// What is known after another notice.
    pub(super) fn and(self, other: Self) -> Self {
        fn earliest<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
            match (one, other) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            }
        }
        Self {
            began_ms: earliest(self.began_ms, other.began_ms),
            newest: self.newest.max(other.newest),
            end: earliest(self.end, other.end),
        }
    }

    /// Without what says who the person of a membership is.
    pub(super) fn erased(mut self) -> Self {
        if let Some((_, About::Membership { email, name, .. })) = &mut self.newest {
            ERASED.clone_into(email);
            *name = None;
        }
        self
    }

    /// Whether it is a membership of which it is not told who it is.
    pub(super) fn is_erased(&self) -> bool {
        matches!(self.about(), Some(About::Membership { email, .. }) if email == ERASED)
    }

    /// The newest state.
    pub(super) fn about(&self) -> Option<&About> {
        self.newest.as_ref().map(|(_, about)| about)
    }
}

/// A message tells this of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) kind: Kind,
    pub(super) id: String,
    /// The thing that it belongs to.
    pub(super) owner: Option<String>,
    pub(super) told: Told,
}

impl Notice {
    pub(super) fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
            owner: None,
            told: Told::default(),
        }
    }

    /// Without what says who the person of a membership is.
    pub(super) fn erased(self) -> Self {
        Self {
            told: self.told.erased(),
            ..self
        }
    }

    pub(super) fn began(mut self, began_ms: Option<i64>) -> Self {
        self.told.began_ms = began_ms;
        self
    }

    pub(super) fn state(mut self, at_ms: i64, progress: u8, about: About) -> Self {
        self.told.newest = Some((Version { at_ms, progress }, about));
        self
    }

    pub(super) fn ended(mut self, at_ms: i64, reason: impl Into<String>) -> Self {
        self.told.end = Some(End {
            at_ms,
            reason: reason.into(),
        });
        self
    }

    pub(super) fn of(mut self, owner: impl Into<String>) -> Self {
        self.owner = Some(owner.into());
        self
    }
}

/// How a thing is named in what waits for it.
pub(super) fn name_of(kind: Kind, id: &str) -> String {
    format!("{}/{id}", kind.name())
}

/// Notices of one message, one a thing.
pub(super) fn together(notices: Vec<Notice>) -> Vec<Notice> {
    let mut things: BTreeMap<(Kind, String), Notice> = BTreeMap::new();
    for notice in notices {
        let key = (notice.kind, notice.id.clone());
        let merged = match things.remove(&key) {
            Some(known) => Notice {
                owner: known.owner.or(notice.owner),
                told: known.told.and(notice.told),
                ..known
            },
            None => notice,
        };
        things.insert(key, merged);
    }
    things.into_values().collect()
}
