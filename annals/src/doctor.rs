//! `annals doctor`: checks what the program needs, and says what to do about what is missing.

use std::net::TcpListener;

use cluster::Binaries;
use store::Role;

use crate::config::{Settings, search_path};
use crate::output::say;

/// Prints a line a check; false when something is missing.
pub async fn run(settings: &Settings) -> bool {
    let mut healthy = true;
    let mut report = |name: &str, outcome: Result<String, String>| {
        match &outcome {
            Ok(found) => drop(say!("ok       {name}: {found}")),
            Err(problem) => drop(say!("MISSING  {name}: {problem}")),
        }
        healthy &= outcome.is_ok();
    };
    match &settings.database_url {
        Some(url) => report("database", external(url).await),
        None => {
            report("PostgreSQL", binaries());
            report("data folder", data_folder(settings));
        }
    }
    report("address", address(settings));
    healthy
}

fn binaries() -> Result<String, String> {
    let found = Binaries::find(search_path().as_deref()).map_err(|error| error.to_string())?;
    Ok(format!("{} in {}", found.version(), found.folder().display()))
}

fn data_folder(settings: &Settings) -> Result<String, String> {
    let folder = &settings.data_dir;
    let shown = folder.display();
    std::fs::create_dir_all(folder).map_err(|error| format!("{shown} can't be made: {error}"))?;
    let probe = folder.join(".doctor");
    std::fs::write(&probe, b"").map_err(|error| format!("{shown} can't be written: {error}"))?;
    std::fs::remove_file(&probe).map_err(|error| format!("{shown}: {error}"))?;
    Ok(format!("{shown} can be written"))
}

async fn external(url: &str) -> Result<String, String> {
    let pool = store::pool(url, Role::Owner, 1).map_err(|error| format!("the URL: {error}"))?;
    let version = store::server_version(&pool)
        .await
        .map_err(|error| error.to_string())?;
    if version < 150_000 {
        return Err(format!("PostgreSQL {}: 15 or newer is needed", version / 10_000));
    }
    Ok(format!("PostgreSQL {} answers", version / 10_000))
}

fn address(settings: &Settings) -> Result<String, String> {
    let listen = settings.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Ok(format!("{listen} is free")),
        Err(error) => Err(format!(
            "{listen}: {error}; another annals may be running, else choose --listen"
        )),
    }
}
