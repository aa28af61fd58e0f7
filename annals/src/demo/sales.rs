//! A quarter of sales: leads, what the agent did for them, and the opportunities that came of it.

use domain::agent_run::{self, AgentRun, RunResult, ToolOutcome};
use domain::lead::{self, Lead};
use domain::opportunity::{self, Opportunity};
use domain::{Actor, ActorKind, Email, Money, Personal, Phone};
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;
use rust_decimal::Decimal;

use super::platform::{AGENT, Plot, SALES, system};
use super::quarter::later;
use super::teller::{Life, Teller};

const LEADS: usize = 400;
const FIRST: &[&str] = &[
    "Ida", "Jonas", "Kemal", "Lena", "Mats", "Nora", "Olga", "Pavel", "Rosa", "Sven",
];
const LAST: &[&str] = &[
    "Adler", "Brandt", "Costa", "Dietz", "Ebert", "Farkas", "Graf", "Huber", "Iversen", "Jung",
];
const SOURCES: &[&str] = &["website", "trade-fair", "referral", "newsletter"];

pub(super) async fn tell(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let (mut leads, mut runs, mut opportunities) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..LEADS {
        let id = format!("lead-{number}");
        let at = teller.quarter.moment(&mut teller.rng, 30);
        let mut commands = vec![(at, capture(&mut teller.rng, number)?)];
        runs.push(answer(&mut teller.rng, &SALES, number, at, |start| {
            if let agent_run::Command::Start { lead, .. } = start {
                *lead = Some(id.clone());
            }
        })?);
        let contacted = later(&mut teller.rng, at, 2..90);
        commands.push((
            contacted,
            lead::Command::Contact {
                channel: "chat".to_owned(),
            },
        ));
        if teller.rng.random_ratio(6, 10) {
            let qualified = later(&mut teller.rng, contacted, 60..4_000);
            let score = teller.rng.random_range(40..=100);
            commands.push((qualified, lead::Command::Qualify { score }));
            commands.push((
                qualified,
                lead::Command::Assign {
                    assignee: ["ada", "bela", "chen"][number % 3].to_owned(),
                },
            ));
            if teller.rng.random_ratio(5, 10) {
                let converted = later(&mut teller.rng, qualified, 60..8_000);
                let opportunity = format!("deal-{number}");
                commands.push((
                    converted,
                    lead::Command::Convert {
                        opportunity: Some(opportunity.clone()),
                    },
                ));
                opportunities.push(deal(&mut teller.rng, &opportunity, &id, converted)?);
            }
        } else if teller.rng.random_ratio(1, 2) {
            let given_up = later(&mut teller.rng, contacted, 600..9_000);
            commands.push((
                given_up,
                lead::Command::Disqualify {
                    reason: "no budget this year".to_owned(),
                },
            ));
        }
        leads.push(Life {
            id: id.parse()?,
            commands,
        });
    }
    teller
        .tell::<Lead>(Actor::new(ActorKind::Connector, "crm"), leads)
        .await?;
    teller
        .tell::<AgentRun>(Actor::new(ActorKind::Agent, AGENT), runs)
        .await?;
    teller.tell::<Opportunity>(system(), opportunities).await
}

fn capture(rng: &mut StdRng, number: usize) -> anyhow::Result<lead::Command> {
    let (first, last) = (
        FIRST[rng.random_range(0..FIRST.len())],
        LAST[rng.random_range(0..LAST.len())],
    );
    let email = format!(
        "{}.{}{number}@example.org",
        first.to_lowercase(),
        last.to_lowercase()
    );
    Ok(lead::Command::Capture {
        vertical: "sales".parse()?,
        source: SOURCES[rng.random_range(0..SOURCES.len())].to_owned(),
        name: Some(Personal::new(format!("{first} {last}"))),
        email: Some(Personal::new(Email::parse(email)?)),
        phone: Some(Personal::new(Phone::parse(format!(
            "+49 30 2345{:04}",
            1_000 + number
        ))?)),
    })
}

fn deal(rng: &mut StdRng, id: &str, lead: &str, at: Timestamp) -> anyhow::Result<Life<Opportunity>> {
    let value = Money::new(Decimal::from(rng.random_range(4..120) * 250), "EUR".parse()?);
    let open = opportunity::Command::Open {
        title: format!("Machine for {lead}"),
        stage: "prospecting".to_owned(),
        vertical: "sales".parse()?,
        account: None,
        owner: Some("ada".to_owned()),
        product: Some(["lathe", "mill", "press"][rng.random_range(0..3)].to_owned()),
        lead: Some(lead.to_owned()),
        expected: Some(value),
    };
    let mut commands = vec![(at, open)];
    let engaged = later(rng, at, 600..5_000);
    commands.push((
        engaged,
        opportunity::Command::ChangeStage {
            stage: "engaging".to_owned(),
        },
    ));
    let closed = later(rng, engaged, 1_000..12_000);
    match rng.random_range(0..10) {
        0..5 => commands.push((closed, opportunity::Command::Win { value })),
        5..8 => commands.push((
            closed,
            opportunity::Command::Lose {
                reason: "price".to_owned(),
            },
        )),
        _ => {}
    }
    Ok(Life {
        id: id.parse()?,
        commands,
    })
}

/// An agent run with its model and tool calls, a few minutes long.
pub(super) fn answer(
    rng: &mut StdRng,
    plot: &Plot,
    number: usize,
    at: Timestamp,
    about: impl Fn(&mut agent_run::Command),
) -> anyhow::Result<Life<AgentRun>> {
    let mut start = agent_run::Command::Start {
        agent: AGENT.to_owned(),
        vertical: plot.vertical.parse()?,
        goal: Some("answer the request".to_owned()),
        lead: None,
        opportunity: None,
        claim: None,
    };
    about(&mut start);
    let mut commands = vec![(at, start)];
    let mut now = at;
    for _ in 0..rng.random_range(1..5) {
        now += SignedDuration::from_secs(rng.random_range(2..20));
        let (input, output) = (rng.random_range(300..6_000), rng.random_range(40..900));
        let cached = if rng.random_ratio(1, 3) { input / 2 } else { 0 };
        // 2.50 and 10.00 a million tokens, in the plot's currency.
        let cost = Decimal::from(input) * Decimal::new(25, 7) + Decimal::from(output) * Decimal::new(1, 5);
        commands.push((
            now,
            agent_run::Command::RecordModelCall {
                provider: "example-ai".to_owned(),
                model: "medium-2".to_owned(),
                input_tokens: input,
                cached_tokens: cached,
                output_tokens: output,
                cost: Some(Money::new(cost.normalize(), plot.currency.parse()?)),
            },
        ));
        if rng.random_ratio(1, 2) {
            let outcome = if rng.random_ratio(1, 20) {
                ToolOutcome::Failed
            } else {
                ToolOutcome::Ok
            };
            let duration_ms = Some(rng.random_range(20..900));
            let tool = "search_records".to_owned();
            commands.push((
                now,
                agent_run::Command::RecordToolCall {
                    tool,
                    outcome,
                    duration_ms,
                },
            ));
        }
    }
    now += SignedDuration::from_secs(rng.random_range(1..30));
    commands.push((
        now,
        match rng.random_range(0..20) {
            0 => agent_run::Command::Fail {
                reason: "the model did not answer".to_owned(),
            },
            1 => agent_run::Command::Cancel {
                reason: "the customer left".to_owned(),
            },
            2..5 => complete("handed to a person", RunResult::Escalated),
            5..9 => complete("no further question came", RunResult::Assumed),
            _ => complete("the customer said it helped", RunResult::Resolved),
        },
    ));
    Ok(Life {
        id: format!("run-{number}").parse()?,
        commands,
    })
}

fn complete(outcome: &str, result: RunResult) -> agent_run::Command {
    agent_run::Command::Complete {
        outcome: outcome.to_owned(),
        result,
    }
}
