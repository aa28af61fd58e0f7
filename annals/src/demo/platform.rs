//! What both tenants share: people, agents, keys, connectors, a subscription and usage.

use domain::agent::{self, Agent};
use domain::api_key::{self, ApiKey, Scope};
use domain::connector::{self, Connector};
use domain::connector_sync::{self, ConnectorSync};
use domain::member::{self, Member};
use domain::subscription::{self, Subscription};
use domain::tenant::{self, DeploymentMode, Settings, Tenant, TenantKey};
use domain::usage::Fact;
use domain::workspace::{self, Workspace};
use domain::{Actor, ActorKind, Email, Money, Personal};
use jiff::SignedDuration;
use rand::Rng;
use rust_decimal::Decimal;

use super::quarter::{DAYS, later};
use super::teller::{Life, Teller};

/// What is peculiar to a tenant.
pub(super) struct Plot {
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    pub(super) vertical: &'static str,
    zone: &'static str,
    pub(super) currency: &'static str,
    plan: &'static str,
    price: i64,
    people: &'static [(&'static str, &'static str)],
}

/// A seller of machine tools in Berlin.
pub(super) const SALES: Plot = Plot {
    slug: "acme",
    name: "Acme Machine Tools",
    vertical: "sales",
    zone: "Europe/Berlin",
    currency: "EUR",
    plan: "professional",
    price: 5_000,
    people: &[
        ("ada", "Ada Lindqvist"),
        ("bela", "Béla Horvath"),
        ("chen", "Chen Weiss"),
    ],
};

/// A clinic group in New York.
pub(super) const CLAIMS: Plot = Plot {
    slug: "harbor",
    name: "Harbor Health",
    vertical: "claims",
    zone: "America/New_York",
    currency: "USD",
    plan: "enterprise",
    price: 10_000,
    people: &[("dana", "Dana Okafor"), ("eli", "Eli Marsh")],
};

/// The agent that works for a tenant.
pub(super) const AGENT: &str = "concierge";

/// The tenant's token: the same at every start, known only to whoever has the administrator's.
pub(super) fn token(admin_token: &str, slug: &str) -> String {
    let digest = api::token_hash(&format!("annals demo token\n{slug}\n{admin_token}"));
    format!("annals_{}", &digest[..43])
}

pub(super) fn system() -> Actor {
    Actor::new(ActorKind::System, "demo")
}

pub(super) async fn tell(teller: &mut Teller<'_>, plot: &Plot, token: &str) -> anyhow::Result<()> {
    let begin = teller.quarter.begin();
    let provision = tenant::Command::Provision {
        slug: plot.slug.parse()?,
        mode: DeploymentMode::Shared,
        settings: Settings {
            name: plot.name.to_owned(),
            time_zone: plot.zone.parse()?,
            currency: plot.currency.parse()?,
        },
    };
    let enable = tenant::Command::EnableVertical {
        vertical: plot.vertical.parse()?,
    };
    let tenant = TenantKey::from(teller.tenant());
    teller
        .tell::<Tenant>(
            system(),
            vec![Life {
                id: tenant,
                commands: vec![(begin, provision), (begin, enable)],
            }],
        )
        .await?;
    let issue = api_key::Command::Issue {
        name: "demo".to_owned(),
        hash: api::token_hash(token).parse()?,
        prefix: token.chars().take(8).collect(),
        scopes: [Scope::Read, Scope::Write, Scope::Ingest, Scope::Admin].into(),
        origins: [].into(),
    };
    teller
        .tell::<ApiKey>(
            system(),
            vec![Life {
                id: "demo".parse()?,
                commands: vec![(begin, issue)],
            }],
        )
        .await?;
    people(teller, plot).await?;
    agents(teller, plot).await?;
    syncs(teller).await?;
    subscription(teller, plot).await?;
    usage(teller).await
}

async fn people(teller: &mut Teller<'_>, plot: &Plot) -> anyhow::Result<()> {
    let begin = teller.quarter.begin();
    let workspace = Life {
        id: "main".parse()?,
        commands: vec![(
            begin,
            workspace::Command::Create {
                name: "Main".to_owned(),
            },
        )],
    };
    teller.tell::<Workspace>(system(), vec![workspace]).await?;
    let mut members = Vec::new();
    for (number, (id, name)) in plot.people.iter().enumerate() {
        let invite = member::Command::Invite {
            email: Personal::new(Email::parse(format!("{id}@{}.example.org", plot.slug))?),
            role: if number == 0 {
                member::Role::Owner
            } else {
                member::Role::Member
            },
            name: Some(Personal::new((*name).to_owned())),
        };
        let join = member::Command::Join {
            user: format!("user-{id}"),
        };
        let joined = begin + SignedDuration::from_hours(3);
        members.push(Life {
            id: id.parse()?,
            commands: vec![(begin, invite), (joined, join)],
        });
    }
    teller.tell::<Member>(system(), members).await
}

async fn agents(teller: &mut Teller<'_>, plot: &Plot) -> anyhow::Result<()> {
    let begin = teller.quarter.begin();
    let configure = agent::Command::Configure {
        name: "Concierge".to_owned(),
        vertical: plot.vertical.parse()?,
        prompt: "Answer in the customer's language; hand over what you are not sure of.".to_owned(),
        model: "medium-1".to_owned(),
        tools: ["search_records".to_owned(), "send_message".to_owned()].into(),
    };
    let revise = agent::Command::Revise {
        prompt: None,
        model: Some("medium-2".to_owned()),
        tools: None,
    };
    let commands = vec![(begin, configure), (teller.quarter.day(40), revise)];
    teller
        .tell::<Agent>(
            system(),
            vec![Life {
                id: AGENT.parse()?,
                commands,
            }],
        )
        .await
}

/// A CRM connector that syncs once a day.
async fn syncs(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let begin = teller.quarter.begin();
    let register = connector::Command::Register {
        name: "CRM export".to_owned(),
        kind: "csv_file".to_owned(),
        settings: [("schedule".to_owned(), "daily".to_owned())].into(),
    };
    teller
        .tell::<Connector>(
            system(),
            vec![Life {
                id: "crm".parse()?,
                commands: vec![(begin, register)],
            }],
        )
        .await?;
    let mut lives = Vec::new();
    for day in 0..DAYS {
        let at = teller.quarter.day(day) + SignedDuration::from_hours(4);
        let recorded = teller.rng.random_range(20..200);
        let start = connector_sync::Command::Start {
            connector: "crm".to_owned(),
            source: "crm-export".to_owned(),
        };
        let mut commands = vec![(at, start)];
        let mut rejected = 0;
        let end = later(&mut teller.rng, at, 1..6);
        if teller.rng.random_ratio(1, 6) {
            rejected = 1;
            let row = teller.rng.random_range(1..=recorded);
            commands.push((
                at,
                connector_sync::Command::RejectRecord {
                    row,
                    column: Some("close_value".to_owned()),
                    value: Some("n/a".to_owned()),
                    reason: "is not a number".to_owned(),
                },
            ));
        }
        commands.push(if teller.rng.random_ratio(1, 30) {
            (
                end,
                connector_sync::Command::Fail {
                    reason: "the source did not answer".to_owned(),
                },
            )
        } else {
            (
                end,
                connector_sync::Command::Complete {
                    recorded,
                    known: 0,
                    rejected,
                    cursor: Some(format!("day-{day}")),
                },
            )
        });
        lives.push(Life {
            id: format!("crm-{day}").parse()?,
            commands,
        });
    }
    teller
        .tell::<ConnectorSync>(Actor::new(ActorKind::Connector, "crm"), lives)
        .await
}

async fn subscription(teller: &mut Teller<'_>, plot: &Plot) -> anyhow::Result<()> {
    let begin = teller.quarter.begin();
    let price = Money::new(Decimal::from(plot.price), plot.currency.parse()?);
    let mut commands = vec![(
        begin,
        subscription::Command::Start {
            plan: plot.plan.parse()?,
            price,
            customer: Some(plot.name.to_owned()),
        },
    )];
    for month in 0..3 {
        let at = teller.quarter.day(month * 30 + 1);
        if month == 1 {
            let reason = "card declined".to_owned();
            commands.push((
                at,
                subscription::Command::FailPayment {
                    amount: price,
                    reason,
                    invoice: Some(format!("demo-{month}")),
                },
            ));
        }
        let paid = later(&mut teller.rng, at, 60..2_000);
        commands.push((
            paid,
            subscription::Command::ReceivePayment {
                amount: price,
                invoice: Some(format!("demo-{month}")),
            },
        ));
    }
    teller
        .tell::<Subscription>(
            system(),
            vec![Life {
                id: "main".parse()?,
                commands,
            }],
        )
        .await
}

/// Pages read and storage used, a fact each a day.
async fn usage(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let mut facts = Vec::new();
    for day in 0..DAYS {
        let at = teller.quarter.day(day) + SignedDuration::from_hours(12);
        let pages = Decimal::from(teller.rng.random_range(50..500));
        let gigabytes = Decimal::new(120_000 + day * 310 + teller.rng.random_range(0..300), 3);
        let pages = Fact::try_new(
            "custom.pages_read".parse()?,
            pages,
            Some("page".to_owned()),
            [].into(),
        )?;
        let storage = Fact::try_new(
            "usage.storage".parse()?,
            gigabytes,
            Some("gigabyte_day".to_owned()),
            [].into(),
        )?;
        facts.push((format!("pages-{day}"), at, pages));
        facts.push((format!("storage-{day}"), at, storage));
    }
    teller.record(facts).await
}
