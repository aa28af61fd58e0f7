//! The program itself: reads the command line and calls the parts.

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, IngestCommand};
use crate::config::Settings;
use crate::embedded::Database;
use crate::told::Act;
use crate::{
    ambient, archive_command, audit, backup_options, doctor, event_documents, health, import, intake,
    invoices, log_command, output, personal, read_models, replay, roi, serve, told, tracing_setup, up,
    webhook_inbox,
};

/// Runs the program on its command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(cli)));
    match outcome {
        Ok(code) => code,
        // Whoever read our output (`| head`) has seen enough.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("annals: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&cli.given)?;
    match cli.command {
        Command::Config => output::write(format_args!("{}", settings.shown()))?,
        Command::BackupOptions => backup_options::run()?,
        Command::Schema => output::write(format_args!("{}", api::schema_sdl()))?,
        Command::Doctor => {
            let healthy = doctor::run(&settings).await;
            return Ok(if healthy {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Health => {
            let ready = health::ask(settings.listen, settings.access.tls()?).await;
            return Ok(if ready {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Verify(args) => audit::verify(&args)?,
        Command::Audit { command } => {
            let database = Database::open(&settings).await?;
            let act = command.act();
            let reading = command.reading();
            let outcome = audit::run(&database.url, &settings, ambient::system(), command).await;
            told::read(&database.url, &settings, reading).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Up { demo } => {
            tracing_setup::init(&settings)?;
            let data = if demo { up::Data::Demo } else { up::Data::AsItIs };
            up::run(&settings, data).await?;
        }
        Command::Serve { roles } => {
            tracing_setup::init(&settings)?;
            serve::run(&settings, &roles).await?;
        }
        Command::Migrate => Database::open(&settings).await?.close().await?,
        Command::Import(args) => {
            let database = Database::open(&settings).await?;
            let act = Some(args.act());
            let outcome = import::run(&database.url, ambient::system(), &settings, args).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Archive { command } if command.is_offline() => {
            archive_command::run("", &ambient::system(), &settings, command).await?;
        }
        Command::Archive { command } => {
            let database = Database::open(&settings).await?;
            let act = command.act();
            let outcome = archive_command::run(&database.url, &ambient::system(), &settings, command).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Log { command } => {
            let database = Database::open(&settings).await?;
            let (reading, goes_on) = (command.reading(), command.goes_on());
            let (first, afterwards) = match goes_on {
                true => (reading, None),
                false => (None, reading),
            };
            told::read(&database.url, &settings, first).await;
            let outcome = log_command::run(&database.url, ambient::system(), &settings, command).await;
            told::read(&database.url, &settings, afterwards).await;
            database.close().await?;
            outcome?;
        }
        Command::ReadModel { command } => {
            let database = Database::open(&settings).await?;
            let act = command.act();
            let reading = command.reading();
            let outcome = read_models::run(&database.url, &settings, command).await;
            told::read(&database.url, &settings, reading).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Replay(args) => {
            let database = Database::open(&settings).await?;
            let reading = Some(args.reading());
            let outcome = replay::run(&database.url, &settings, ambient::system(), args).await;
            told::read(&database.url, &settings, reading).await;
            database.close().await?;
            outcome?;
        }
        Command::Invoices { command } => {
            let database = Database::open(&settings).await?;
            let act = command.act();
            let outcome = invoices::run(&database.url, &settings, ambient::system(), command).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            return Ok(if outcome? {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Roi { command } => {
            let database = Database::open(&settings).await?;
            let act = command.act();
            let outcome = roi::run(&database.url, &settings, ambient::system(), command).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Ingest {
            command: IngestCommand::DeadLetters { command },
        } => {
            let act = command.act(&settings.intake);
            intake::dead_letters(&settings, command).await?;
            if let Some(act) = act {
                tell_beside(&settings, act).await;
            }
        }
        Command::Forget(args) => {
            let database = Database::open(&settings).await?;
            let act = Some(args.act());
            let outcome = personal::forget(&database.url, &settings, args).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Subject { command } => {
            let database = Database::open(&settings).await?;
            let act = command.act();
            let outcome = personal::subject(&database.url, &settings, command).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Keys { command } => {
            let database = Database::open(&settings).await?;
            let act = command.act();
            let outcome = personal::keys(&database.url, &settings, command).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Retention { command } => {
            let database = Database::open(&settings).await?;
            let act = command.act();
            let outcome = personal::retention(&database.url, &settings, command).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Ingest {
            command: IngestCommand::Webhooks { command },
        } => {
            let database = Database::open(&settings).await?;
            let act = command.act(&settings.webhook_sources);
            let reading = command.reading(&settings.webhook_sources);
            let outcome = webhook_inbox::run(&database.url, &settings, ambient::system(), command).await;
            told::read(&database.url, &settings, reading).await;
            let outcome = told::acted(&database.url, &settings, act, outcome).await;
            database.close().await?;
            outcome?;
        }
        Command::Events { command } => return event_documents::run(command),
        Command::Export(args) => {
            let database = Database::open(&settings).await?;
            let outcome = log_command::export(&database.url, &ambient::system(), &settings, args).await;
            database.close().await?;
            outcome?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells of an act that needed no database, where there is one.
async fn tell_beside(settings: &Settings, act: Act) {
    if settings.database_url.is_none() && !settings.data_dir.exists() {
        eprintln!("this is not told in the log: no database is named, and the data folder is not there");
        return;
    }
    let told = async {
        let database = Database::open(settings).await?;
        told::acted(&database.url, settings, Some(act), Ok(())).await?;
        database.close().await
    };
    if let Err(error) = told.await {
        eprintln!("this is not told in the log: {error:#}");
    }
}
