//! The newest checkpoint of each tenant, kept in files: what PostgreSQL says can be held against them, even by
//! whoever may change everything in it.

use std::collections::HashMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::checkpoint::Checkpoint;
use super::note::Note;
use super::tree::Hash;

/// The newest checkpoint of each tenant, by its id: the size and the root.
#[derive(Debug)]
pub(super) struct Kept {
    folder: PathBuf,
    newest: HashMap<String, (u64, Hash)>,
}

const ENDING: &str = "checkpoint";

/// The notes that a folder keeps, by the tenant's id; none if there is no such folder.
pub(super) fn notes(folder: &Path) -> io::Result<HashMap<String, String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(error),
    };
    let mut notes = HashMap::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING)
            && let Some(tenant) = path.file_stem().and_then(|name| name.to_str())
        {
            notes.insert(tenant.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(notes)
}

impl Kept {
    /// Reads the folder.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let read = |(tenant, note): (String, String)| {
            let checkpoint = Checkpoint::of(&Note::parse(&note).ok()?).ok()?;
            Some((tenant, (checkpoint.size, checkpoint.root)))
        };
        Ok(Self {
            folder: folder.to_owned(),
            newest: notes(folder)?.into_iter().filter_map(read).collect(),
        })
    }

    /// What was signed last of a tenant's tree.
    pub(super) fn of(&self, tenant: &str) -> Option<&(u64, Hash)> {
        self.newest.get(tenant)
    }

    /// Keeps a checkpoint in the place of the one before. A crash leaves the one or the other.
    pub(super) fn keep(&mut self, tenant: &str, checkpoint: &Checkpoint, note: &str) -> io::Result<()> {
        if self.newest.is_empty() {
            fs::create_dir_all(&self.folder)?;
        }
        let path = self.folder.join(format!("{tenant}.{ENDING}"));
        let partial = self.folder.join(format!("{tenant}.partial"));
        fs::write(&partial, note)?;
        fs::rename(&partial, &path)?;
        self.newest
            .insert(tenant.to_owned(), (checkpoint.size, checkpoint.root));
        Ok(())
    }
}
