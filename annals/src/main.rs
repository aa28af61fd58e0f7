//! The program: one binary that puts the rooms together.

use std::process::ExitCode;

use annals::cli::{Cli, Command};
use annals::config::Settings;
use annals::embedded::Database;
use annals::{ambient, doctor, health, import, log_command, serve, tracing_setup, up};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(cli)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("annals: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&cli.given)?;
    match cli.command {
        Command::Config => print!("{}", settings.shown()),
        Command::Schema => print!("{}", api::schema_sdl()),
        Command::Doctor => {
            let healthy = doctor::run(&settings).await;
            return Ok(if healthy {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Health => {
            let ready = health::ask(settings.listen).await;
            return Ok(if ready {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Up { demo } => {
            tracing_setup::init(&settings)?;
            up::run(&settings, demo).await?;
        }
        Command::Serve { roles } => {
            tracing_setup::init(&settings)?;
            serve::run(&settings, &roles).await?;
        }
        Command::Migrate => Database::open(&settings).await?.close().await?,
        Command::Import(args) => {
            let database = Database::open(&settings).await?;
            let outcome = import::run(&database.url, ambient::system(), &settings, args).await;
            database.close().await?;
            outcome?;
        }
        Command::Log { command } => {
            let database = Database::open(&settings).await?;
            let outcome = log_command::run(&database.url, ambient::system(), command).await;
            database.close().await?;
            outcome?;
        }
        Command::Export(read) => {
            let database = Database::open(&settings).await?;
            let outcome = log_command::export(&database.url, read).await;
            database.close().await?;
            outcome?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
