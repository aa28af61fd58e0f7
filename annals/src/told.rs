//! What is done at the command line past the commands of tenants is written down as well: who exports, exports it from
//! a tenant, and who looks after the installation, does it with a bearing on tenants.

use domain::access::{Access, Event};
use domain::{Actor, ActorKind, Caller, Personal, TenantId};
use store::{Ambient, FactRecord, Options, Store};

use crate::config::Settings;
use crate::{ambient, output, tenants};

/// Something that an operator does to the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    command: &'static str,
    targets: Vec<String>,
    tenant: Option<String>,
}

impl Act {
    /// A command, on what, with a bearing on all tenants.
    pub(crate) fn new(command: &'static str, targets: impl IntoIterator<Item = String>) -> Self {
        Self {
            command,
            targets: targets.into_iter().collect(),
            tenant: None,
        }
    }

    /// The same, with a bearing on this tenant alone, if one is named: by its slug or its id.
    pub(crate) fn of(self, tenant: Option<String>) -> Self {
        Self { tenant, ..self }
    }
}

/// Passes on how a command ended. Once an act is done, it is written into the logs of the tenants on which it bears: who,
/// what, on what. What can't be written is said on standard error: the act itself is done.
pub(crate) async fn acted(
    url: &str,
    settings: &Settings,
    act: Option<Act>,
    outcome: anyhow::Result<()>,
) -> anyhow::Result<()> {
    let is_done = match &outcome {
        Ok(()) => true,
        // Nobody reads on what is done all the same.
        Err(error) => output::is_broken_pipe(error),
    };
    if let Some(act) = act.filter(|_| is_done)
        && let Err(error) = write(url, settings, &act).await
    {
        eprintln!(
            "`annals {}` is done, and not told in the log: {error:#}",
            act.command
        );
    }
    outcome
}

async fn write(url: &str, settings: &Settings, act: &Act) -> anyhow::Result<()> {
    let store = open(url, &ambient::system(), settings).await?;
    let whose = match &act.tenant {
        Some(tenant) => vec![tenants::find(store.log(), tenant).await?],
        None => store.log().tenants().await?,
    };
    // The account's name is personal: it is told where it can be sealed.
    let operator = store.vault().map(|_| Personal::new(account()));
    for tenant in whose {
        let event = Event::Operated {
            command: act.command.to_owned(),
            targets: act.targets.clone(),
            operator: operator.clone(),
        };
        append(&store, tenant, event).await?;
    }
    Ok(())
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
    append(store, tenant, event).await
}

async fn append(store: &Store, tenant: TenantId, event: Event) -> anyhow::Result<()> {
    let record = FactRecord {
        key: None,
        at: None,
        facts: vec![event],
    };
    let operator = Caller::new(tenant, Actor::new(ActorKind::System, "operator"));
    store.append_facts::<Access>(&operator, vec![record]).await?;
    Ok(())
}
