//! Who runs the server: this user, or, since PostgreSQL refuses root, an unprivileged account for root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The account that the server and initdb run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// This process's own user.
    Same,
    /// Another user, since this process is root's.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Chooses the account for a server whose files lie in `folder`, which may not exist yet.
    ///
    /// For root it is the folder's owner if that is not root itself, else the user `postgres`, else `nobody`.
    pub(crate) fn choose(folder: &Path) -> Result<Self, Error> {
        let owner = fs::metadata(folder).ok().map(|found| (found.uid(), found.gid()));
        let me = rustix::process::geteuid().as_raw();
        match owner {
            Some((uid, _)) if me != 0 && uid != me => Err(Error::ForeignFolder {
                folder: folder.to_owned(),
                owner: uid,
            }),
            _ if me != 0 => Ok(Self::Same),
            Some((uid, gid)) if uid != 0 => Ok(Self::Other {
                name: format!("with the id {uid}"),
                uid,
                gid,
            }),
            _ => {
                let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
                ["postgres", "nobody"]
                    .iter()
                    .find_map(|name| in_passwd(&users, name))
                    .ok_or(Error::NoAccount)
            }
        }
    }

    /// The user's id, if it is not this process's own.
    pub(crate) fn uid(&self) -> Option<u32> {
        match self {
            Self::Same => None,
            Self::Other { uid, .. } => Some(*uid),
        }
    }

    /// Makes a folder that only this account may enter, or checks the one that is there.
    pub(crate) fn private_folder(&self, folder: &Path) -> Result<(), Error> {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Error::io("cannot make the folder", folder)(error));
            }
            _ => {}
        }
        // What lies there may have been put there by somebody else, in a folder such as /tmp.
        let found = fs::symlink_metadata(folder).map_err(Error::io("cannot look at", folder))?;
        let me = rustix::process::geteuid().as_raw();
        let wanted = self.uid().unwrap_or(me);
        if !found.is_dir() || (found.uid() != wanted && found.uid() != me) {
            return Err(Error::ForeignFolder {
                folder: folder.to_owned(),
                owner: found.uid(),
            });
        }
        if found.mode() & 0o777 != 0o700 {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
                .map_err(Error::io("cannot close to others", folder))?;
        }
        self.give(folder)
    }

    /// Makes this account the owner of a file or folder.
    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Same => Ok(()),
            Self::Other { uid, gid, .. } => std::os::unix::fs::lchown(path, Some(*uid), Some(*gid))
                .map_err(Error::io("cannot hand over to the server's user", path)),
        }
    }

    /// Checks that this account may enter `folder` and all that lie above it.
    pub(crate) fn can_reach(&self, folder: &Path) -> Result<(), Error> {
        let Self::Other { name, uid, gid } = self else {
            return Ok(());
        };
        let mut chain: Vec<&Path> = folder.ancestors().collect();
        chain.reverse();
        for folder in chain {
            let found = fs::metadata(folder).map_err(Error::io("cannot look at", folder))?;
            let bit = match (found.uid() == *uid, found.gid() == *gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if found.mode() & bit == 0 {
                return Err(Error::Unreachable {
                    user: name.clone(),
                    folder: PathBuf::from(folder),
                });
            }
        }
        Ok(())
    }
}

/// The account of that name in the text of `/etc/passwd`: `name:password:uid:gid:...`.
fn in_passwd(users: &str, name: &str) -> Option<Account> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok().filter(|uid| *uid != 0)?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account::Other {
        name: name.to_owned(),
        uid,
        gid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name_and_is_never_root() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        let found = in_passwd(users, "postgres");
        assert_eq!(
            found,
            Some(Account::Other {
                name: "postgres".into(),
                uid: 101,
                gid: 104
            })
        );
        assert_eq!(in_passwd(users, "root"), None);
        assert_eq!(in_passwd(users, "nobody"), None);
    }
}
