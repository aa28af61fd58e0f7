//! `annals log archive`, `restore` and `read`: a year of the log as a file.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use domain::{
    Entity, TenantId, agent, api_key, connector, member, meter, model_price, plan, retention, roi_baseline,
    roi_snapshot, subject, subscription, tenant, workspace,
};
use store::{Ambient, ArchiveOrder, ArchiveReader, Log, Progress, Role, Sealed, Sealer};

use crate::cli::ReadArgs;
use crate::config::Settings;
use crate::embedded::Database;
use crate::log_command::{Shape, filter_of, print};
use crate::output::say;
use crate::tenants;

/// With what a tenant is set up is asked for all the time, so it stays at hand: few events, long lives.
fn kept() -> Vec<&'static str> {
    vec![
        type_of::<agent::Agent>(),
        type_of::<api_key::ApiKey>(),
        type_of::<connector::Connector>(),
        type_of::<member::Member>(),
        type_of::<meter::Meter>(),
        type_of::<model_price::ModelPrice>(),
        type_of::<plan::Plan>(),
        type_of::<retention::Retention>(),
        type_of::<roi_baseline::RoiBaseline>(),
        type_of::<roi_snapshot::RoiSnapshot>(),
        type_of::<subject::Subject>(),
        type_of::<subscription::Subscription>(),
        type_of::<tenant::Tenant>(),
        type_of::<workspace::Workspace>(),
    ]
}

const fn type_of<A: Entity>() -> &'static str {
    A::TYPE
}

/// Runs `annals log archive`.
///
/// # Errors
/// When the year can't leave, the file can't be written, or the URL's user does not own the log.
pub async fn archive(
    url: &str,
    ambient: &Ambient,
    settings: &Settings,
    year: i32,
    to: PathBuf,
) -> anyhow::Result<()> {
    let owner = store::pool(url, Role::Owner, 1)?;
    seal(url, ambient, settings).await;
    let order = ArchiveOrder {
        year,
        to,
        keep: kept(),
    };
    let archive = store::archive(&owner, ambient, &order, &mut Teller::default().tells()).await?;
    say!(
        "{year} is archived: {} events, positions {} to {}, {} KiB in {}",
        archive.events,
        archive.first_position,
        archive.last_position,
        archive.bytes / 1024,
        archive.file
    )?;
    say!("SHA-256 of its lines: {}", archive.sha256)?;
    Ok(())
}

/// Seals what is not sealed yet, if the key is here; else archiving says what is missing.
async fn seal(url: &str, ambient: &Ambient, settings: &Settings) {
    let sealing = async {
        let pool = store::pool(url, Role::Projector, 1)?;
        let options = settings.seal.options(&settings.data_dir);
        let mut sealer = Sealer::open(pool, ambient.clone(), options).await?;
        // A sealer that runs elsewhere is as good.
        while matches!(sealer.seal().await?, Sealed::Events(events) if events > 0) {}
        anyhow::Ok(())
    };
    if let Err(error) = sealing.await {
        eprintln!("sealing is left to the sealer: {error:#}");
    }
}

/// Runs `annals log restore`.
///
/// # Errors
/// When the file is not the archive that was noted, or the URL's user does not own the log.
pub async fn restore(url: &str, file: &Path) -> anyhow::Result<()> {
    let owner = store::pool(url, Role::Owner, 1)?;
    let archive = store::restore(&owner, file, &mut Teller::default().tells()).await?;
    say!(
        "{} is restored: {} events, positions {} to {}; the file {} can go",
        archive.year,
        archive.events,
        archive.first_position,
        archive.last_position,
        file.display()
    )?;
    Ok(())
}

/// Runs `annals log read`. Only a tenant's slug needs the database.
///
/// # Errors
/// When the file is no archive or not whole: what was printed before is then not to be trusted.
pub async fn read(settings: &Settings, file: &Path, read: ReadArgs, shape: Shape) -> anyhow::Result<()> {
    let tenant = match &read.tenant {
        Some(tenant) => Some(find_tenant(settings, tenant).await?),
        None => None,
    };
    let filter = filter_of(tenant, &read);
    let mut archive = ArchiveReader::open(file)?;
    let mut out = BufWriter::new(io::stdout().lock());
    loop {
        match archive.next_event() {
            Ok(Some(event)) if event.position > read.after && filter.accepts(&event) => {
                print(&mut out, &event, shape)?;
            }
            Ok(Some(_)) => {}
            Ok(None) => return Ok(out.flush()?),
            Err(error) => {
                out.flush()?;
                return Err(error.into());
            }
        }
    }
}

async fn find_tenant(settings: &Settings, wanted: &str) -> anyhow::Result<TenantId> {
    if let Ok(id) = wanted.parse() {
        return Ok(id);
    }
    let database = Database::open(settings).await?;
    let found = match store::pool(&database.url, Role::Projector, 1) {
        Ok(pool) => tenants::find(&Log::new(pool), wanted).await,
        Err(error) => Err(error.into()),
    };
    database.close().await?;
    found
}

/// Says on standard error how far it is: in place on a terminal, else each tenth of the way.
#[derive(Default)]
struct Teller {
    said: Option<(&'static str, u64)>,
}

impl Teller {
    fn tells(mut self) -> impl FnMut(Progress) + Send {
        let terminal = io::stderr().is_terminal();
        move |progress| {
            let (doing, events, of) = match progress {
                Progress::Written { events, of } => ("writing", events, of),
                Progress::Verified { events, of } => ("holding the file against the table", events, of),
                Progress::Detaching => ("taking the partition out", 1, 1),
                Progress::Loaded { events, of } => ("loading", events, of),
                Progress::Attaching => ("putting the partition in place", 1, 1),
            };
            let tenth = events * 10 / of.max(1);
            if !terminal && self.said == Some((doing, tenth)) {
                return;
            }
            let (begin, end) = if terminal { ("\r\x1b[K", "") } else { ("", "\n") };
            let end = if events == of { "\n" } else { end };
            let counted = if of > 1 {
                format!(": {events} of {of} events")
            } else {
                String::new()
            };
            eprint!("{begin}{doing}{counted}{end}");
            drop(io::stderr().flush());
            self.said = Some((doing, tenth));
        }
    }
}
