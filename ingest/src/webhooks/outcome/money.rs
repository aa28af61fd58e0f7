//! Subscriptions, payments and disputes.

use domain::subscription::{self, PlanCode, Subscription, SubscriptionId};
use domain::{Money, TenantId};
use sha2::{Digest, Sha256};
use store::{Key, Orders};

use super::{Desk, Ended, Needed, Outcome, done, moment};
use crate::webhooks::told::{About, Kind, Standing, name_of};

const NO_SUBSCRIPTION: &str = "there is no such subscription";

impl Desk<'_> {
    pub(super) async fn subscription(&self, id: &str, needed: &Needed<'_>) -> Ended {
        let told = needed.told;
        let Some((
            version,
            About::Subscription {
                organization,
                plan,
                amount,
                currency,
                customer,
                standing,
            },
        )) = &told.newest
        else {
            return Ok(Outcome::Nothing(
                "nothing is known of the subscription".to_owned(),
            ));
        };
        let tenant = match self.tenant_in(organization.as_deref(), needed.organization) {
            Ok(tenant) => tenant,
            Err(outcome) => return Ok(outcome),
        };
        let (Ok(subscription), Ok(plan)) = (id.parse::<SubscriptionId>(), plan.parse::<PlanCode>()) else {
            return Ok(Outcome::invalid(
                tenant,
                "the id or the plan can't be a subscription's",
            ));
        };
        if *standing == Standing::Pending && told.end.is_none() {
            return Ok(Outcome::Nothing("it has not begun".to_owned()));
        }
        let price = Money::new(*amount, *currency);
        let began = told.began_ms.unwrap_or(version.at_ms);
        let start = subscription::Command::Start {
            plan: plan.clone(),
            price,
            customer: customer.clone(),
        };
        let at_ms = version.at_ms.max(began);
        let send = async |at_ms: i64, command| {
            let done = [
                "ALREADY_STARTED",
                "NOTHING_NEW",
                "NOT_PAUSED",
                "ALREADY_PAUSED",
                "NOT_PAST_DUE",
                "ALREADY_PAST_DUE",
                "CANCELED",
            ];
            self.ask::<Subscription>(tenant, &subscription, (at_ms, command), &done)
                .await
        };
        done!(send(began, start).await);
        done!(send(at_ms, subscription::Command::ChangePlan { plan, price }).await);
        if let Some(end) = &told.end {
            let reason = end.reason.clone();
            done!(send(end.at_ms.max(began), subscription::Command::Cancel { reason }).await);
            return Ok(Outcome::Done);
        }
        match standing {
            Standing::Paused => {
                let reason = format!("paused at {}", self.source.name);
                done!(send(at_ms, subscription::Command::Pause { reason }).await);
            }
            Standing::PastDue => done!(send(at_ms, subscription::Command::MarkPastDue).await),
            Standing::Active | Standing::Pending => {
                done!(send(at_ms, subscription::Command::Resume).await);
                done!(send(at_ms, subscription::Command::MarkCurrent).await);
            }
        }
        Ok(Outcome::Done)
    }

    pub(super) async fn payment(&self, id: &str, needed: &Needed<'_>) -> Ended {
        let Some(About::Payment {
            organization,
            subscription,
            amount,
            currency,
            invoice,
            failure,
            at_ms,
        }) = needed.told.about()
        else {
            return Ok(Outcome::Nothing("nothing is known of the payment".to_owned()));
        };
        let tenant = match self.tenant_in(organization.as_deref(), needed.organization) {
            Ok(tenant) => tenant,
            Err(outcome) => return Ok(outcome),
        };
        let amount = Money::new(*amount, *currency);
        let command = match failure {
            None => subscription::Command::ReceivePayment {
                amount,
                invoice: invoice.clone(),
            },
            Some(reason) => subscription::Command::FailPayment {
                amount,
                reason: reason.clone(),
                invoice: invoice.clone(),
            },
        };
        self.once(tenant, subscription, needed, (id, *at_ms, command))
            .await
    }

    pub(super) async fn dispute(&self, id: &str, needed: &Needed<'_>) -> Ended {
        let Some(About::Dispute {
            link,
            amount,
            currency,
            reason,
            at_ms,
        }) = needed.told.about()
        else {
            return Ok(Outcome::Nothing("nothing is known of the dispute".to_owned()));
        };
        let Some((subscription, _)) = needed.subscription else {
            return Ok(Outcome::Waits(name_of(
                Kind::Link,
                needed.missing.unwrap_or(link),
            )));
        };
        let (tenant, amount, dispute) = (self.source.tenant, Money::new(*amount, *currency), id.to_owned());
        let begin = subscription::Command::DisputePayment {
            dispute: dispute.clone(),
            amount,
            reason: reason.clone(),
        };
        done!(
            self.once(
                tenant,
                subscription,
                needed,
                (&format!("{id}.begun"), *at_ms, begin)
            )
            .await
        );
        if let Some(end) = &needed.told.end {
            let close = subscription::Command::CloseDispute {
                dispute,
                outcome: end.reason.clone(),
                amount,
            };
            done!(
                self.once(
                    tenant,
                    subscription,
                    needed,
                    (&format!("{id}.closed"), end.at_ms, close)
                )
                .await
            );
        }
        Ok(Outcome::Done)
    }

    /// Sends what is added up, under a key of its own, as soon as the subscription has begun.
    async fn once(
        &self,
        tenant: TenantId,
        subscription: &str,
        needed: &Needed<'_>,
        (key, at_ms, command): (&str, i64, subscription::Command),
    ) -> Ended {
        let Ok(id) = subscription.parse::<SubscriptionId>() else {
            return Ok(Outcome::invalid(tenant, "the id can't be a subscription's"));
        };
        let waits = || Ok(Outcome::Waits(name_of(Kind::Subscription, subscription)));
        let Some((_, told)) = needed.subscription else {
            return waits();
        };
        let has_begun = match told.about() {
            Some(About::Subscription { standing, .. }) => {
                *standing != Standing::Pending || told.end.is_some()
            }
            _ => false,
        };
        if !has_begun {
            return waits();
        }
        let at = moment(at_ms.max(told.began_ms.unwrap_or(at_ms)));
        let hash = Sha256::digest(serde_json::to_vec(&command).unwrap_or_default());
        let orders = Orders {
            commands: vec![(at, command)],
            key: Some(Key {
                source: format!("webhook:{}", self.source.name),
                id: key.to_owned(),
                hash: hash.into(),
            }),
            expected_version: None,
        };
        match self.send::<Subscription>(tenant, &id, orders, &[]).await? {
            // It was told, and is about to begin.
            Outcome::Refused(no) if no.why == NO_SUBSCRIPTION => waits(),
            other => Ok(other),
        }
    }
}
