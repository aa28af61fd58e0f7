//! What is done at the command line past the commands of tenants is written down as well: who exports, exports it from
//! a tenant, and who looks after the installation, does it with a bearing on tenants. So is what was refused there.

use anyhow::Context as _;
use domain::access::{Access, Event};
use domain::{Actor, ActorKind, Caller, Personal, TenantId};
use sha2::{Digest, Sha256};
use store::{Ambient, FactOutcome, FactRecord, Key, Options, Store};

use crate::config::Settings;
use crate::refusals::{Refused, refusal};
use crate::{ambient, output, tenants};

/// The source of the keys under which refusals are told once in a while.
const REFUSED_SOURCE: &str = "annals:refused";
/// The source of the keys under which readings are told once in a while.
const READ_SOURCE: &str = "annals:read";
/// The source of the keys under which a change of the schema is told once.
const MIGRATED_SOURCE: &str = "annals:migrated";
/// How many refusals, and how many readings, a tenant's log tells apart in a while.
const APART_AT_MOST: u32 = 50;
/// What the log's verification is called.
pub(crate) const VERIFY: &str = "audit verify";
/// How many findings of a verification an entry tells.
const FINDINGS_AT_MOST: usize = 20;
/// How long each of them is there, in characters.
const FINDING_CHARS_AT_MOST: usize = 300;

/// What is told of an act that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// That it is.
    IsTold,
    /// Nothing: it is an event of its own.
    IsAnEvent,
}

/// Something that an operator asks for at the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    command: &'static str,
    targets: Vec<String>,
    tenant: Option<String>,
    done: Done,
}

impl Act {
    /// A command that changes the installation, on what, with a bearing on all tenants.
    pub(crate) fn new(command: &'static str, targets: impl IntoIterator<Item = String>) -> Self {
        Self {
            command,
            targets: targets.into_iter().collect(),
            tenant: None,
            done: Done::IsTold,
        }
    }

    /// A command on an entity of a tenant, which is an event of its own once it is done: only a refusal is told.
    pub(crate) fn on_entity(command: &'static str, target: String, tenant: &str) -> Self {
        let act = Self::new(command, [target]).of(Some(tenant.to_owned()));
        act.being_events()
    }

    /// The same, being events of their own once it is done.
    pub(crate) fn being_events(self) -> Self {
        Self {
            done: Done::IsAnEvent,
            ..self
        }
    }

    /// The same, with a bearing on this tenant alone, if one is named: by its slug or its id.
    pub(crate) fn of(self, tenant: Option<String>) -> Self {
        Self { tenant, ..self }
    }
}

/// Something that an operator reads at the command line, which may say something about persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The kind of data, as the gateway names it.
    what: &'static str,
    /// The command, and of what.
    target: String,
    tenant: Option<String>,
}

impl Reading {
    /// By this command, of this tenant, by its slug or its id; of all tenants, when none is named.
    pub(crate) fn new(what: &'static str, command: &str, tenant: Option<&str>) -> Self {
        Self {
            what,
            target: format!("annals {command}"),
            tenant: tenant.map(str::to_owned),
        }
    }
}

/// Writes into the logs of the tenants whose data were read who read what, once in a while. What can't be written is said
/// on standard error: the command ends as it did.
pub(crate) async fn read(url: &str, settings: &Settings, reading: Option<Reading>) {
    let (Some(reading), Some(seconds)) = (reading, settings.access.read_every()) else {
        return;
    };
    let told = async {
        let store = open(url, &ambient::system(), settings).await?;
        let hash = Sha256::digest(&reading.target).into();
        // Of a tenant that is none, nothing was read.
        let of = named(&store, reading.tenant.as_deref()).await.unwrap_or_default();
        for tenant in of {
            let event = Event::Read {
                what: reading.what.to_owned(),
                targets: vec![reading.target.clone()],
                address: None,
                user_agent: None,
                reads: 1,
                first_at: store.ambient().now(),
            };
            if !once(&store, tenant, event, (READ_SOURCE, seconds, hash)).await? {
                eprintln!("much was read in a short time: this is not told in the log");
            }
        }
        anyhow::Ok(())
    };
    if let Err(error) = told.await {
        eprintln!("this reading is not told in the log: {error:#}");
    }
}

/// Passes on how a command ended. Once an act is done, it is written into the logs of the tenants on which it bears: who,
/// what, on what; and if it was refused, that it was. What can't be written is said on standard error: the command ends
/// as it did.
pub(crate) async fn acted<T>(
    url: &str,
    settings: &Settings,
    act: Option<Act>,
    outcome: anyhow::Result<T>,
) -> anyhow::Result<T> {
    let Some(act) = act else {
        return outcome;
    };
    let told = match &outcome {
        Ok(_) => done(url, settings, &act, None).await,
        // Nobody reads on what is done all the same.
        Err(error) if output::is_broken_pipe(error) => done(url, settings, &act, None).await,
        Err(error) => match refusal(error) {
            Some(refused) => refuse(url, settings, &act, &refused).await,
            None => Ok(()),
        },
    };
    if let Err(error) = told {
        let ended = if outcome.is_ok() { "done" } else { "refused" };
        eprintln!(
            "`annals {}` is {ended}, and not told in the log: {error:#}",
            act.command
        );
    }
    outcome
}

/// Tells the tenants that the schema was changed, once whoever sees it.
pub(crate) async fn migrated(url: &str, settings: &Settings, versions: &[i64]) {
    let versions: Vec<String> = versions.iter().map(|version| format!("{version:04}")).collect();
    let act = Act::new("migrate", versions);
    let id = act.targets.join(",");
    let key = Key {
        source: MIGRATED_SOURCE.to_owned(),
        hash: Sha256::digest(&id).into(),
        id,
    };
    if let Err(error) = done(url, settings, &act, Some(key)).await {
        eprintln!("the schema is up to date, and that is not told in the log: {error:#}");
    }
}

async fn done(url: &str, settings: &Settings, act: &Act, key: Option<Key>) -> anyhow::Result<()> {
    if act.done == Done::IsAnEvent {
        return Ok(());
    }
    let store = open(url, &ambient::system(), settings).await?;
    // The account's name is personal: it is told where it can be sealed.
    let operator = store.vault().map(|_| Personal::new(account()));
    for tenant in bearing_on(&store, act).await? {
        let event = Event::Operated {
            command: act.command.to_owned(),
            targets: act.targets.clone(),
            operator: operator.clone(),
            findings: Vec::new(),
        };
        append(&store, tenant, (event, key.clone())).await?;
    }
    Ok(())
}

/// Writes into the logs of these tenants that the log was verified, against what was kept elsewhere, and what was found
/// that bears on each. What can't be written is said on standard error.
pub(crate) async fn verified(
    url: &str,
    settings: &Settings,
    against: &[String],
    found: Vec<(TenantId, Vec<String>)>,
) {
    let told = async {
        let store = open(url, &ambient::system(), settings).await?;
        let operator = store.vault().map(|_| Personal::new(account()));
        for (tenant, findings) in found {
            let event = Event::Operated {
                command: VERIFY.to_owned(),
                targets: against.to_vec(),
                operator: operator.clone(),
                findings: first_of(findings),
            };
            append(&store, tenant, (event, None)).await?;
        }
        anyhow::Ok(())
    };
    if let Err(error) = told.await {
        eprintln!("this verification is not told in the log: {error:#}");
    }
}

/// As many findings as an entry tells.
fn first_of(mut findings: Vec<String>) -> Vec<String> {
    let more = findings.len().saturating_sub(FINDINGS_AT_MOST);
    findings.truncate(FINDINGS_AT_MOST);
    for finding in &mut findings {
        if let Some((end, _)) = finding.char_indices().nth(FINDING_CHARS_AT_MOST) {
            finding.truncate(end);
            finding.push('\u{2026}');
        }
    }
    if more > 0 {
        findings.push(format!("and {more} more"));
    }
    findings
}

/// Writes a refusal into the logs, as the gateway does: the same one once in a while, and not too many of them.
async fn refuse(url: &str, settings: &Settings, act: &Act, refused: &Refused) -> anyhow::Result<()> {
    let Some(seconds) = settings.access.refused_every() else {
        return Ok(());
    };
    let store = open(url, &ambient::system(), settings).await?;
    let now = store.ambient().now();
    let target = act.targets.join(" ");
    // The text may say something about a person: it is told where it can be sealed.
    let message = store.vault().map_or(refused.code, |_| refused.message.as_str());
    let asked = format!("{}\n{target}\n{}", act.command, refused.code);
    let hash = Sha256::digest(asked).into();
    for tenant in bearing_on(&store, act).await? {
        let event = Event::Refused {
            command: act.command.to_owned(),
            code: refused.code.to_owned(),
            message: Personal::new(message.to_owned()),
            target: (!target.is_empty()).then(|| target.clone()),
            address: None,
            user_agent: None,
            attempts: 1,
            first_at: now,
        };
        if !once(&store, tenant, event, (REFUSED_SOURCE, seconds, hash)).await? {
            eprintln!("many commands were refused in a short time: this one is not told in the log");
        }
    }
    Ok(())
}

/// Writes a fact once in a while of so many seconds; tells whether it is there. A while has so many places: another
/// fact takes the next one, the same finds its own taken.
async fn once(
    store: &Store,
    tenant: TenantId,
    event: Event,
    (source, seconds, hash): (&str, i64, [u8; 32]),
) -> anyhow::Result<bool> {
    let while_of = store.ambient().now().as_second().div_euclid(seconds);
    for place in 0..APART_AT_MOST {
        let key = Key {
            source: source.to_owned(),
            id: format!("{while_of}/{place}"),
            hash,
        };
        match append(store, tenant, (event.clone(), Some(key))).await? {
            FactOutcome::Recorded { .. } | FactOutcome::Known => return Ok(true),
            FactOutcome::Conflicting { .. } => {}
            FactOutcome::Rejected { rejection } => return Err(rejection.into()),
        }
    }
    Ok(false)
}

async fn bearing_on(store: &Store, act: &Act) -> anyhow::Result<Vec<TenantId>> {
    named(store, act.tenant.as_deref()).await
}

/// The tenant of this slug or id; all of them, when none is named.
async fn named(store: &Store, tenant: Option<&str>) -> anyhow::Result<Vec<TenantId>> {
    Ok(match tenant {
        Some(tenant) => vec![tenants::find(store.log(), tenant).await?],
        None => store.log().tenants().await?,
    })
}

/// The account of the operating system under which this process runs: its name, else its number.
fn account() -> String {
    let number = rustix::process::getuid().as_raw();
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, of) = (fields.next()?, fields.nth(1)?);
        (of.parse() == Ok(number)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("uid {number}"))
}

/// The log as an operator writes to it; whoever does no more than tell makes no master key.
async fn open(url: &str, ambient: &Ambient, settings: &Settings) -> anyhow::Result<Store> {
    let options = match settings.vault.given(&settings.data_dir)? {
        Some(keys) => Options::new(url, ambient.clone()).sealing(keys),
        None => Options::new(url, ambient.clone()),
    };
    Ok(Store::open(options).await?)
}

/// Writes into the tenants' logs that the operator exported from them, unless reads are not told at all. A process
/// that may only read says so on standard error, and goes on.
pub(crate) async fn exported(
    url: &str,
    ambient: &Ambient,
    settings: &Settings,
    tenants: &[TenantId],
    targets: &[&str],
) {
    if !settings.access.tells_reads() || tenants.is_empty() {
        return;
    }
    let told = async {
        let store = open(url, ambient, settings).await?;
        for tenant in tenants {
            tell(&store, *tenant, targets).await?;
        }
        anyhow::Ok(())
    };
    if let Err(error) = told.await {
        eprintln!("this export is not told in the log: {error:#}");
    }
}

/// Writes into a tenant's log that the operator exported this from it.
///
/// # Errors
/// When the log can't be written.
pub(crate) async fn tell(store: &Store, tenant: TenantId, targets: &[&str]) -> anyhow::Result<()> {
    let event = Event::Read {
        what: "export".to_owned(),
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        address: None,
        user_agent: None,
        reads: 1,
        first_at: store.ambient().now(),
    };
    append(store, tenant, (event, None)).await.map(drop)
}

async fn append(
    store: &Store,
    tenant: TenantId,
    (event, key): (Event, Option<Key>),
) -> anyhow::Result<FactOutcome> {
    let record = FactRecord {
        key,
        at: None,
        facts: vec![event],
    };
    let operator = Caller::new(tenant, Actor::new(ActorKind::System, "operator"));
    let outcomes = store.append_facts::<Access>(&operator, vec![record]).await?;
    outcomes.into_iter().next().context("the log gave no answer")
}

#[cfg(test)]
mod tests {
    use super::first_of;

    #[test]
    fn an_entry_tells_twenty_findings_each_cut_and_how_many_more_there_are() {
        let few = vec!["removed: position 3".to_owned()];
        assert_eq!(first_of(few.clone()), few);
        let many = (0..23)
            .map(|number| format!("{number} {}", "\u{e9}".repeat(400)))
            .collect();
        let told = first_of(many);
        assert_eq!((told.len(), told[20].as_str()), (21, "and 3 more"));
        assert!(told[..20].iter().all(|finding| finding.chars().count() == 301));
    }
}
