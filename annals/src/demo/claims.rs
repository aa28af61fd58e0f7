//! A quarter of medical claims: submitted, decided, denied, appealed, recovered.

use domain::agent_run::{self, AgentRun};
use domain::claim::{self, Claim};
use domain::{Actor, ActorKind, Money, Personal};
use jiff::Timestamp;
use rand::Rng;
use rand::rngs::StdRng;
use rust_decimal::Decimal;

use super::platform::{AGENT, CLAIMS as PLOT};
use super::quarter::later;
use super::sales::answer;
use super::teller::{Life, Teller};

const CLAIMS: usize = 500;
const PAYERS: &[&str] = &["Bluebird Mutual", "Seaway Health", "State Plan"];
const DAY: i64 = 24 * 60;

pub(super) async fn tell(teller: &mut Teller<'_>) -> anyhow::Result<()> {
    let (mut claims, mut runs) = (Vec::new(), Vec::new());
    for number in 0..CLAIMS {
        let id = format!("claim-{number}");
        let at = teller.quarter.moment(&mut teller.rng, 60);
        runs.push(answer(&mut teller.rng, &PLOT, number, at, |start| {
            if let agent_run::Command::Start { claim, .. } = start {
                *claim = Some(id.clone());
            }
        })?);
        claims.push(Life {
            id: id.parse()?,
            commands: life(&mut teller.rng, number, at)?,
        });
    }
    teller
        .tell::<Claim>(Actor::new(ActorKind::Connector, "crm"), claims)
        .await?;
    teller
        .tell::<AgentRun>(Actor::new(ActorKind::Agent, AGENT), runs)
        .await
}

fn life(rng: &mut StdRng, number: usize, at: Timestamp) -> anyhow::Result<Vec<(Timestamp, claim::Command)>> {
    let usd = |cents: i64| anyhow::Ok(Money::new(Decimal::new(cents, 2), "USD".parse()?));
    let billed = rng.random_range(8_000..240_000);
    let allowed = billed * rng.random_range(55..95) / 100;
    let submit = claim::Command::Submit {
        vertical: "claims".parse()?,
        payer: PAYERS[rng.random_range(0..PAYERS.len())].to_owned(),
        billed: usd(billed)?,
        service_date: Some(at.to_zoned(jiff::tz::TimeZone::UTC).date()),
        patient: Some(Personal::new(format!("Patient {number}"))),
    };
    let mut commands = vec![(at, submit)];
    let decided = later(rng, at, 5 * DAY..25 * DAY);
    if rng.random_ratio(1, 10) {
        let reason_codes = vec![["CO-16", "CO-197", "CO-29"][rng.random_range(0..3)].to_owned()];
        let reason = "lacks information".to_owned();
        commands.push((decided, claim::Command::Deny { reason_codes, reason }));
        if rng.random_ratio(7, 10) {
            let appealed = later(rng, decided, DAY..5 * DAY);
            commands.push((
                appealed,
                claim::Command::Appeal {
                    reason: "records attached".to_owned(),
                },
            ));
            if rng.random_ratio(6, 10) {
                let won = later(rng, appealed, 5 * DAY..20 * DAY);
                let (allowed, paid) = (usd(allowed)?, usd(allowed)?);
                commands.push((
                    won,
                    claim::Command::Adjudicate {
                        allowed,
                        paid,
                        reason_codes: Vec::new(),
                    },
                ));
                commands.push((won, claim::Command::Recover { amount: paid }));
            }
        }
    } else {
        let paid = allowed * rng.random_range(80..=100) / 100;
        let adjudicate = claim::Command::Adjudicate {
            allowed: usd(allowed)?,
            paid: usd(paid)?,
            reason_codes: vec!["CO-45".to_owned()],
        };
        commands.push((decided, adjudicate));
    }
    Ok(commands)
}
