//! A private PostgreSQL: found, started, reused and stopped.
//!
//! `annals up` and the tests need a PostgreSQL that nobody has to set up. This room finds the server's
//! programs on the machine ([`Binaries`]), makes a cluster in a folder of ours, and starts it on a Unix
//! socket that only this user can reach ([`Cluster`]). It knows no table and opens no SQL session.
//!
//! Below the data directory, everything lies in `postgres/`:
//!
//! ```text
//! postgres/data               the cluster that initdb made
//! postgres/.s.PGSQL.5432      the socket, unless the path is too long for one
//! postgres/server.log         what the server said since its start (server.log.old: the time before)
//! postgres/start.lock         held while a process starts the server
//! postgres/owner.lock         held by the process that will stop it
//! ```
//!
//! Reading order: `cluster` (the life of a server), `server` (its process), `pid_file` (what PostgreSQL
//! itself says about a running server), `account` (who runs it), `layout`, `socket`, `watchdog`.

mod account;
mod binaries;
mod cluster;
mod error;
mod layout;
mod options;
mod pid_file;
mod server;
mod socket;
mod watchdog;

#[cfg(test)]
mod tests;

pub use binaries::{Binaries, OLDEST_MAJOR, Version};
pub use cluster::{Cluster, Shutdown};
pub use error::Error;
pub use options::{Durability, Lifetime, Options};
