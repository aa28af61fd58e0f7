//! Entitlements: what a plan opens, how much of it is used, and whether there is more.

use rust_decimal::Decimal;

use crate::kernel::Currency;
use crate::pricing::{Enforcement, Limits, Plan};
use crate::subscription::PlanCode;

/// The mutations that begin something that quotas can hold back, each with how the types of its events begin: a command is
/// judged before it, by all quotas of meters over such events.
pub const BEGINNINGS: &[(&str, &str)] = &[
    ("startAgentRun", "agent_run."),
    ("submitClaim", "claim.submitted"),
    ("startConnectorSync", "connector_sync."),
    ("captureLead", "lead.captured"),
];

/// Whether a command is refused when a quota of a meter over these types of events is full.
pub fn is_begun<'t>(event_types: impl IntoIterator<Item = &'t str>) -> bool {
    let mut types = event_types.into_iter();
    types.any(|one| BEGINNINGS.iter().any(|(_, begin)| one.starts_with(begin)))
}

/// The types of events over which quotas can be hard, each with the command that is refused.
pub(crate) fn begun() -> String {
    let told = |(mutation, begin): &(&str, &str)| {
        let any = if begin.ends_with('.') { "*" } else { "" };
        format!("{begin}{any} ({mutation})")
    };
    let told: Vec<String> = BEGINNINGS.iter().map(told).collect();
    told.join(", ")
}

/// What is limited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Members of the tenant, those included that were invited.
    Members,
    /// Lines of business that are on.
    Verticals,
    /// A feature that a plan has or has not.
    Feature(String),
    /// What a meter counts in a billing period.
    Quota(String),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Members => f.write_str("members"),
            Self::Verticals => f.write_str("verticals"),
            Self::Feature(feature) => write!(f, "the feature {feature}"),
            Self::Quota(meter) => write!(f, "{meter}"),
        }
    }
}

/// A limit that leaves no room for more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.told())]
pub struct LimitReached {
    /// What is limited.
    pub subject: Subject,
    /// How much there is.
    pub limit: Decimal,
    /// How much of it is used.
    pub used: Decimal,
    /// The plan that has more, the cheapest of them; none when no plan has.
    pub lifted_by: Option<PlanCode>,
}

impl LimitReached {
    fn told(&self) -> String {
        let Self {
            subject, limit, used, ..
        } = self;
        let what = match subject {
            Subject::Feature(_) => format!("{subject} is not in the plan"),
            _ => format!("the limit of {limit} for {subject} is reached: {used} are used"),
        };
        match &self.lifted_by {
            Some(plan) => format!("{what}; the plan {plan} lifts it"),
            None => format!("{what}; no plan lifts it"),
        }
    }
}

impl Limits {
    /// How much there is of something, and whether more is refused; none when there is no limit.
    #[must_use]
    pub fn of(&self, subject: &Subject) -> Option<(Decimal, Enforcement)> {
        match subject {
            Subject::Members => self.members.map(|members| (members.into(), Enforcement::Hard)),
            Subject::Verticals => self
                .verticals
                .map(|verticals| (verticals.into(), Enforcement::Hard)),
            Subject::Feature(feature) => {
                let features = self.features.as_ref()?;
                let has = features.contains(feature);
                (!has).then_some((Decimal::ZERO, Enforcement::Hard))
            }
            Subject::Quota(meter) => {
                let quota = self.quotas.iter().find(|quota| quota.meter == *meter)?;
                Some((quota.quantity, quota.enforcement))
            }
        }
    }

    /// What several plans open together: of each the most.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let most = |one: Option<u32>, other: Option<u32>| Some(one?.max(other?));
        let features = self
            .features
            .as_ref()
            .zip(other.features.as_ref())
            .map(|(one, other)| {
                let mut all = one.clone();
                all.extend(other.iter().filter(|feature| !one.contains(feature)).cloned());
                all
            });
        let quotas = self.quotas.iter().filter_map(|quota| {
            let same = other.quotas.iter().find(|one| one.meter == quota.meter)?;
            Some(if same.quantity > quota.quantity {
                same.clone()
            } else {
                quota.clone()
            })
        });
        Self {
            verticals: most(self.verticals, other.verticals),
            members: most(self.members, other.members),
            features,
            quotas: quotas.collect(),
        }
    }
}

/// The cheapest plan in force that has room for so much of something.
#[must_use]
pub fn lifting_plan(
    plans: &[Plan],
    subject: &Subject,
    wanted: Decimal,
    (currency, at): (Currency, jiff::Timestamp),
) -> Option<PlanCode> {
    let fitting = plans.iter().filter_map(|plan| {
        let version = plan.version_at(at)?;
        let fits = match version.limits.of(subject) {
            None => true,
            Some((limit, _)) => limit >= wanted,
        };
        // A plan without prices in the currency comes last.
        let price = version.monthly_value(currency).ok();
        fits.then(|| (price.is_none(), price, plan.code().clone()))
    });
    let cheapest = fitting.min_by(|one, other| {
        (one.0, &one.1, &one.2)
            .partial_cmp(&(other.0, &other.1, &other.2))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    cheapest.map(|(.., code)| code)
}

#[cfg(test)]
mod tests {
    use super::{LimitReached, Subject, lifting_plan};
    use crate::pricing::{Enforcement, Limits, bundled_plans};

    fn limits(json: &str) -> Limits {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_cheapest_plan_that_has_room_lifts_a_limit() {
        let at = ("USD".parse().unwrap(), "2026-03-01T00:00:00Z".parse().unwrap());
        let lifting = |members: u32| lifting_plan(&bundled_plans(), &Subject::Members, members.into(), at);
        assert_eq!(lifting(10).unwrap().as_str(), "starter");
        assert_eq!(lifting(11).unwrap().as_str(), "professional");
        assert_eq!(lifting(51).unwrap().as_str(), "enterprise");
        assert_eq!(lifting_plan(&[], &Subject::Members, 1.into(), at), None);
    }

    #[test]
    fn a_limit_says_how_much_there_is_how_much_is_used_and_what_lifts_it() {
        let mut reached = LimitReached {
            subject: Subject::Quota("platform.agent_runs".to_owned()),
            limit: 100.into(),
            used: 100.into(),
            lifted_by: Some("professional".parse().unwrap()),
        };
        assert_eq!(
            reached.to_string(),
            "the limit of 100 for platform.agent_runs is reached: 100 are used; the plan professional lifts it"
        );
        reached.subject = Subject::Feature("own_meters".to_owned());
        reached.lifted_by = None;
        assert_eq!(
            reached.to_string(),
            "the feature own_meters is not in the plan; no plan lifts it"
        );
    }

    #[test]
    fn plans_together_open_the_most_of_each() {
        let one = limits(
            r#"{ "members": 10, "verticals": 1, "features": ["a"],
                 "quotas": [{ "meter": "m", "quantity": "5", "enforcement": "soft" }, { "meter": "n", "quantity": "1" }] }"#,
        );
        let other =
            limits(r#"{ "members": 3, "features": ["b"], "quotas": [{ "meter": "m", "quantity": "9" }] }"#);
        let both = one.and(&other);
        assert_eq!((both.members, both.verticals), (Some(10), None));
        assert_eq!(both.of(&Subject::Feature("b".to_owned())), None);
        assert_eq!(
            both.of(&Subject::Feature("c".to_owned())),
            Some((0.into(), Enforcement::Hard))
        );
        assert_eq!(
            both.of(&Subject::Quota("m".to_owned())),
            Some((9.into(), Enforcement::Hard))
        );
        assert_eq!(both.of(&Subject::Quota("n".to_owned())), None);
    }
}
