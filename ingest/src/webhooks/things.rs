//! What was told of one source's things: written down, and brought to the state that was told.

use std::time::Duration;

use store::{Inbox, Owned, Revision, ThingKey, Unavailable};

use super::outcome::{Desk, Needed, Outcome};
use super::source::Source;
use super::told::{About, Kind, Notice, Target, Told, name_of};

/// When to ask again for what can't be read.
const LOOK: Duration = Duration::from_millis(500);
/// How many links lead to a subscription at most.
const LINKS: usize = 4;

/// Where a link leads: a subscription and what was told of it, or a link that is missing.
type Followed = Result<(String, Told), String>;

/// What was told of one source's things.
pub(super) struct Things<'a> {
    pub(super) inbox: &'a Inbox,
    pub(super) source: &'a Source,
}

impl Things<'_> {
    fn key(&self, kind: Kind, id: &str) -> ThingKey {
        ThingKey {
            source: self.source.name.clone(),
            kind: kind.name(),
            id: id.to_owned(),
        }
    }

    async fn read(&self, kind: Kind, id: &str) -> Result<(Told, Revision), Unavailable> {
        let Some(thing) = self.inbox.thing(&self.key(kind, id)).await? else {
            return Ok((Told::default(), Revision::default()));
        };
        let told = serde_json::from_str(&thing.told).map_err(|error| Unavailable {
            reason: format!(
                "webhook_things holds what is none of {}: {error}",
                name_of(kind, id)
            ),
            retry_after: LOOK,
        })?;
        Ok((told, thing.revision))
    }

    /// Writes down what is told of a thing.
    pub(super) async fn tell(&self, notice: &Notice) -> Result<(), Unavailable> {
        loop {
            let (told, revision) = self.read(notice.kind, &notice.id).await?;
            let notice = match told.is_erased() {
                true => notice.clone().erased(),
                false => notice.clone(),
            };
            let together = told.clone().and(notice.told);
            if together == told && revision != Revision::default() {
                return Ok(());
            }
            let text = serde_json::to_string(&together).unwrap_or_default();
            let key = self.key(notice.kind, &notice.id);
            let tenant = match together.about() {
                Some(About::Membership { organization, .. }) => Some(self.source.tenant_of(organization)),
                _ => None,
            };
            let owned = Owned {
                owner: notice.owner.as_deref(),
                tenant,
            };
            if self.inbox.tell(&key, owned, &text, revision).await? {
                return Ok(());
            }
        }
    }

    /// Brings a thing to the state that was told, until nobody tells of it meanwhile: one that lost its turn without
    /// knowing it is put right by the one that reads later.
    pub(super) async fn settle(&self, desk: &Desk<'_>, kind: Kind, id: &str) -> Result<Outcome, Unavailable> {
        loop {
            let (told, revision) = self.read(kind, id).await?;
            let (organization, user, subscription) = self.needed(told.about()).await?;
            let (subscription, missing) = match subscription {
                Some(Ok(found)) => (Some(found), None),
                Some(Err(missing)) => (None, Some(missing)),
                None => (None, None),
            };
            let needed = Needed {
                told: &told,
                missing: missing.as_deref(),
                organization: organization.as_ref(),
                user: user.as_ref(),
                subscription: subscription.as_ref().map(|(id, told)| (id.as_str(), told)),
            };
            let outcome = desk.settle(kind, id, &needed).await?;
            // Who was invited stands in the log, sealed: here the name and the address are of no use any more.
            if kind == Kind::Membership && outcome == Outcome::Done && !told.is_erased() {
                let text = serde_json::to_string(&told.erased()).unwrap_or_default();
                let key = self.key(kind, id);
                match self.inbox.tell(&key, Owned::default(), &text, revision).await? {
                    true => return Ok(outcome),
                    false => continue,
                }
            }
            if self.read(kind, id).await?.1 == revision {
                return Ok(outcome);
            }
        }
    }

    /// What a thing needs to be known: its organization, its user, its subscription.
    async fn needed(
        &self,
        about: Option<&About>,
    ) -> Result<(Option<Told>, Option<Told>, Option<Followed>), Unavailable> {
        let (mut organization, mut user, mut subscription) = (None, None, None);
        match about {
            Some(About::Membership {
                organization: of,
                user: person,
                ..
            }) => {
                organization = Some(self.read(Kind::Organization, of).await?.0);
                user = Some(self.read(Kind::User, person).await?.0);
            }
            Some(About::Subscription { organization: of, .. }) => {
                if let Some(of) = of {
                    organization = Some(self.read(Kind::Organization, of).await?.0);
                }
            }
            Some(About::Payment {
                organization: of,
                subscription: paid,
                ..
            }) => {
                if let Some(of) = of {
                    organization = Some(self.read(Kind::Organization, of).await?.0);
                }
                subscription = Some(Ok((paid.clone(), self.read(Kind::Subscription, paid).await?.0)));
            }
            Some(About::Dispute { link, .. }) => subscription = Some(self.follow(link).await?),
            Some(About::Organization { .. } | About::User {} | About::Link { .. }) | None => {}
        }
        Ok((organization, user, subscription))
    }

    async fn follow(&self, link: &str) -> Result<Followed, Unavailable> {
        let mut link = link.to_owned();
        for _ in 0..LINKS {
            match self.read(Kind::Link, &link).await?.0.newest {
                Some((
                    _,
                    About::Link {
                        to: Target::Link(next),
                    },
                )) => link = next,
                Some((
                    _,
                    About::Link {
                        to: Target::Subscription(id),
                    },
                )) => {
                    let told = self.read(Kind::Subscription, &id).await?.0;
                    return Ok(Ok((id, told)));
                }
                _ => break,
            }
        }
        Ok(Err(link))
    }
}
