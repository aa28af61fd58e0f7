//! `annals events`: the files that describe the public events, and what breaks their readers.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use crate::cli::EventsCommand;
use crate::output::say;

/// Runs `annals events`.
///
/// # Errors
/// When a folder or a file can't be read or written.
pub fn run(command: EventsCommand) -> anyhow::Result<ExitCode> {
    match command {
        EventsCommand::Describe { to } => describe(&to),
        EventsCommand::Compare { before, after } => compare(&before, &after),
    }
}

fn describe(to: &Path) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(to).with_context(|| format!("folder {}", to.display()))?;
    for document in streams::documents() {
        let file = to.join(document.name);
        fs::write(&file, document.text).with_context(|| format!("file {}", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(before: &Path, after: &Path) -> anyhow::Result<ExitCode> {
    let mut names: Vec<_> = fs::read_dir(before)
        .with_context(|| format!("folder {}", before.display()))?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<anyhow::Result<_>>()?;
    names.sort();
    let mut broken = 0;
    for name in names {
        // The AsyncAPI document says nothing that the schemas beside it do not say.
        if !name.to_string_lossy().contains(".v") {
            continue;
        }
        let now = after.join(&name);
        if !now.exists() {
            say!(
                "{}: it is gone, and events of this version lie in topics",
                now.display()
            )?;
            broken += 1;
            continue;
        }
        for found in streams::breaks(&read(&before.join(&name))?, &read(&now)?) {
            let place = match found.place.as_str() {
                "" => "the data",
                place => place,
            };
            say!("{}: {place}: {}", now.display(), found.change)?;
            broken += 1;
        }
    }
    if broken == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    say!(
        "{broken} changes break whoever reads these events. Give the event a new version (docs/architecture.md, \
         \"Where to put things\"), leave the old version's schema as it was, and run `make prepare`."
    )?;
    Ok(ExitCode::FAILURE)
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(file).with_context(|| format!("file {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("file {}", file.display()))
}
