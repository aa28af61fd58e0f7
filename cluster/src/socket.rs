//! The socket's folder: the server's own, or a short one elsewhere when the path is too long for a socket.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::Error;
use crate::layout::Layout;

/// The port that names the socket; no TCP port is opened.
pub(crate) const PORT: u16 = 5432;

/// What an address of a Unix socket may hold, without the NUL at its end.
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The socket's path in a folder.
pub(crate) fn path_in(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

/// Chooses the folder for the socket, and makes it if it is not the server's own.
pub(crate) fn choose_folder(layout: &Layout, account: &Account, temp_dir: &Path) -> Result<PathBuf, Error> {
    if fits(&layout.folder) {
        return Ok(layout.folder.clone());
    }
    let mut hasher = DefaultHasher::new();
    layout.folder.hash(&mut hasher);
    let short = temp_dir.join(format!("annals-{:016x}", hasher.finish()));
    if !fits(&short) {
        return Err(Error::SocketPathTooLong {
            temp_dir: temp_dir.to_owned(),
        });
    }
    account.can_reach(temp_dir)?;
    account.private_folder(&short)?;
    Ok(short)
}

fn fits(folder: &Path) -> bool {
    path_in(folder).as_os_str().len() <= LONGEST
}

/// Writes a folder for a setting that takes a list of folders.
pub(crate) fn quoted(folder: &Path) -> String {
    format!("\"{}\"", folder.display().to_string().replace('"', "\"\""))
}

/// The URL of a database, for a role, on the server whose socket lies in `folder`.
///
/// The port and the TLS mode are written out, so that `PGPORT` and `PGSSLMODE` change nothing.
pub(crate) fn url(folder: &Path, role: &str, database: &str) -> String {
    let host = percent_encoded(folder.as_os_str().as_encoded_bytes()).replace("%2F", "/");
    let role = percent_encoded(role.as_bytes());
    let database = percent_encoded(database.as_bytes());
    format!("postgres://{role}@localhost:{PORT}/{database}?host={host}&sslmode=disable")
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'-' | b'_' | b'.' | b'~' => char::from(*byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_encodes_what_is_special_in_a_folder_and_a_name() {
        let url = url(Path::new("/srv/a b&c?"), "r:1", "år");
        assert_eq!(
            url,
            "postgres://r%3A1@localhost:5432/%C3%A5r?host=/srv/a%20b%26c%3F&sslmode=disable"
        );
    }

    #[test]
    fn the_longest_path_that_fits_is_the_systems() {
        let folder = |length: usize| PathBuf::from(format!("/{}", "x".repeat(length - 1)));
        let name = "/.s.PGSQL.5432".len();
        assert!(fits(&folder(LONGEST - name)));
        assert!(!fits(&folder(LONGEST - name + 1)));
    }
}
