//! `annals archive`: a year of the log as a file, with its proofs, and that file in the database again.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use domain::{
    Entity, TenantId, agent, api_key, connector, member, meter, model_price, plan, retention, roi_baseline,
    roi_snapshot, saved_filter, subject, subscription, tenant, workspace,
};
use projections::{Past, PastLimits, Reader};
use store::{Ambient, ArchiveOrder, ArchiveReader, Log, Progress, Role, Sealed, Sealer};

use crate::cli::ReadArgs;
use crate::config::Settings;
use crate::embedded::Database;
use crate::log_command::{Shape, filter_of, print};
use crate::output::say;
use crate::tenants;
use crate::told::Act;
use crate::vault_config;

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
        type_of::<saved_filter::SavedFilter>(),
        type_of::<subject::Subject>(),
        type_of::<subscription::Subscription>(),
        type_of::<tenant::Tenant>(),
        type_of::<workspace::Workspace>(),
    ]
}

const fn type_of<A: Entity>() -> &'static str {
    A::TYPE
}

/// What to do with years of the log.
#[derive(Subcommand, Debug)]
pub enum ArchiveCommand {
    /// Take a past year out of the database, into a file; a second time finishes what was begun
    Write {
        /// The year of recording (UTC); the first one that is in the log
        #[arg(long)]
        year: i32,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Show the events of an archive, without a database
    Read {
        /// The archive
        file: PathBuf,
        /// Which events
        #[command(flatten)]
        read: ReadArgs,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Take a tenant's events out of an archive with their proof, for `annals verify`; needs no database
    Export {
        /// The archive
        file: PathBuf,
        /// The tenant: its id; its slug, if the database is there
        #[arg(long)]
        tenant: String,
        /// The file to write; packed if it ends in .zst
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Read an archived year in the database as before, while the file stays what it is
    Mount {
        /// The archive; the newest that is not mounted
        file: PathBuf,
    },
    /// Take a mounted year out of the database again
    Unmount {
        /// The archive; the oldest that is mounted
        file: PathBuf,
    },
    /// Bring an archived year back into the log for good
    Restore {
        /// The archive; the newest
        file: PathBuf,
    },
}

/// Runs `annals archive`, but for what needs no database.
///
/// # Errors
/// As its parts.
pub async fn run(
    url: &str,
    ambient: &Ambient,
    settings: &Settings,
    command: ArchiveCommand,
) -> anyhow::Result<()> {
    match command {
        ArchiveCommand::Write { year, to } => archive(url, ambient, settings, year, to).await,
        ArchiveCommand::Mount { file } => mount(url, ambient, &file).await,
        ArchiveCommand::Unmount { file } => unmount(url, ambient, settings, &file).await,
        ArchiveCommand::Restore { file } => restore(url, &file).await,
        ArchiveCommand::Read {
            file,
            read: args,
            json,
        } => read(settings, &file, args, json.into()).await,
        ArchiveCommand::Export { file, tenant, to } => export(settings, (&file, &to), &tenant).await,
    }
}

impl ArchiveCommand {
    /// What is told of it once it is done: years leave and come back. Where the file lies is nobody else's business.
    pub(crate) fn act(&self) -> Option<Act> {
        let name = |file: &Path| file.file_name().map(|name| name.to_string_lossy().into_owned());
        match self {
            Self::Write { year, to } => Some(Act::new(
                "archive write",
                [year.to_string()].into_iter().chain(name(to)),
            )),
            Self::Mount { file } => Some(Act::new("archive mount", name(file))),
            Self::Unmount { file } => Some(Act::new("archive unmount", name(file))),
            Self::Restore { file } => Some(Act::new("archive restore", name(file))),
            Self::Read { .. } | Self::Export { .. } => None,
        }
    }

    /// Whether it is done without the database.
    #[must_use]
    pub const fn is_offline(&self) -> bool {
        matches!(self, Self::Read { .. } | Self::Export { .. })
    }
}

/// Runs `annals archive export`.
async fn export(settings: &Settings, (file, to): (&Path, &Path), tenant: &str) -> anyhow::Result<()> {
    let tenant = find_tenant(settings, tenant).await?;
    // What is not whole has another name.
    let mut partial = to.to_owned().into_os_string();
    partial.push(".partial");
    let out = BufWriter::new(File::create(&partial).with_context(|| to.display().to_string())?);
    let (exported, out) = if to.extension().is_some_and(|ending| ending == "zst") {
        let mut packed = zstd::stream::write::Encoder::new(out, 3)?;
        (
            store::export_archived(file, tenant, &mut packed),
            packed.finish()?,
        )
    } else {
        let mut out = out;
        (store::export_archived(file, tenant, &mut out), out)
    };
    let events = match exported {
        Ok(events) => events,
        Err(error) => {
            drop(std::fs::remove_file(&partial));
            return Err(error.into());
        }
    };
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    std::fs::rename(&partial, to).with_context(|| to.display().to_string())?;
    eprintln!("{events} events with their proof in {}", to.display());
    Ok(())
}

/// Runs `annals archive mount`.
async fn mount(url: &str, ambient: &Ambient, file: &Path) -> anyhow::Result<()> {
    let owner = store::pool(url, Role::Owner, 1)?;
    let archive = store::mount(&owner, ambient, file, &mut Teller::default().tells()).await?;
    say!(
        "{} is mounted: {} events, positions {} to {}; `annals archive unmount {}` takes them out again",
        archive.year,
        archive.events,
        archive.first_position,
        archive.last_position,
        archive.file
    )?;
    Ok(())
}

/// Runs `annals archive unmount`.
async fn unmount(url: &str, ambient: &Ambient, settings: &Settings, file: &Path) -> anyhow::Result<()> {
    read_on(url, ambient, settings).await;
    let owner = store::pool(url, Role::Owner, 1)?;
    let archive = store::unmount(&owner, file, &kept(), &mut Teller::default().tells()).await?;
    say!(
        "{} is unmounted: its events are in {} alone",
        archive.year,
        archive.file
    )?;
    Ok(())
}

/// Runs `annals archive write`.
///
/// # Errors
/// When the year can't leave, the file can't be written, or the URL's user does not own the log.
async fn archive(
    url: &str,
    ambient: &Ambient,
    settings: &Settings,
    year: i32,
    to: PathBuf,
) -> anyhow::Result<()> {
    let owner = store::pool(url, Role::Owner, 1)?;
    seal(url, ambient, settings).await;
    read_on(url, ambient, settings).await;
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
    let held = store::held_in(&owner, year).await?;
    if held.subjects > 0 {
        say!(
            "{} subjects of {} tenants that are under legal hold have personal data in it: keep the file; mounted, it tells \
             them as long as they are held",
            held.subjects,
            held.tenants
        )?;
    }
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

/// Lets prices that rate events one by one read what leaves, so that bills need no file.
async fn read_on(url: &str, ambient: &Ambient, settings: &Settings) {
    let reading = async {
        let log = vault_config::log(url, ambient, settings).await?;
        let reader = Reader::new(store::pool(url, Role::Projector, 2)?);
        let past = Past::new(reader, log, PastLimits::default());
        anyhow::Ok(past.read_on_for_all().await?)
    };
    if let Err(error) = reading.await {
        eprintln!(
            "what prices rate one by one is not read to the end, bills may ask for this file: {error:#}"
        );
    }
}

/// Runs `annals archive restore`.
///
/// # Errors
/// When the file is not the archive that was noted, or the URL's user does not own the log.
async fn restore(url: &str, file: &Path) -> anyhow::Result<()> {
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

/// Runs `annals archive read`. Only a tenant's slug needs the database.
///
/// # Errors
/// When the file is no archive or not whole: what was printed before is then not to be trusted.
async fn read(settings: &Settings, file: &Path, read: ReadArgs, shape: Shape) -> anyhow::Result<()> {
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
                Progress::Read { events, of } => ("holding the file against its note", events, of),
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
