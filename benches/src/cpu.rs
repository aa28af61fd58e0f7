//! CPU time of this process and of the server's: where the machine is shared, a steadier guide than a rate.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::server::Server;

/// How many a second, and the CPU time of each in microseconds, on either side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) rate: u64,
    pub(crate) client_us: u64,
    pub(crate) server_us: u64,
}

/// Runs while something is measured.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    begun: Instant,
    client: u64,
    server: u64,
    postmaster: u32,
}

/// `/proc/*/stat` counts in hundredths of a second.
const TICK_US: u64 = 10_000;

impl Watch {
    pub(crate) fn start(server: &Server) -> Self {
        let postmaster = server.postmaster();
        let (client, server) = spent(postmaster);
        Self {
            begun: Instant::now(),
            client,
            server,
            postmaster,
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// What `count` of them took.
    pub(crate) fn stop(self, count: u64) -> Measured {
        let rate = per_second(count, self.elapsed());
        let (client, server) = spent(self.postmaster);
        let each = |now: u64, then: u64| now.saturating_sub(then) / count.max(1);
        Measured {
            rate,
            client_us: each(client, self.client),
            server_us: each(server, self.server),
        }
    }
}

pub(crate) fn per_second(count: u64, elapsed: Duration) -> u64 {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000_000) / micros
}

/// CPU time of this process and of the server's, in microseconds; nothing where there is no `/proc`.
fn spent(postmaster: u32) -> (u64, u64) {
    let all: Vec<Stat> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| Stat::read(&entry.ok()?.path()))
        .collect();
    let (mut client, mut server) = (0, 0);
    for stat in all {
        if stat.pid == std::process::id() {
            client += stat.own;
        } else if stat.pid == postmaster {
            server += stat.own + stat.reaped;
        } else if stat.parent == postmaster {
            server += stat.own;
        }
    }
    (TICK_US * client, TICK_US * server)
}

struct Stat {
    pid: u32,
    parent: u32,
    own: u64,
    reaped: u64,
}

impl Stat {
    fn read(folder: &Path) -> Option<Self> {
        let pid = folder.file_name()?.to_str()?.parse().ok()?;
        let text = std::fs::read_to_string(folder.join("stat")).ok()?;
        // The second field is the program's name in parentheses; the others are counted from behind it.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(14)? + ticks(15)?,
            reaped: ticks(16)? + ticks(17)?,
        })
    }
}

/// CPU time of a process so far, in microseconds; nothing where there is no `/proc`.
pub(crate) fn of_process(pid: u32) -> u64 {
    Stat::read(Path::new(&format!("/proc/{pid}"))).map_or(0, |stat| TICK_US * stat.own)
}

/// The resident memory of this process, in MiB; 0 where there is no `/proc`.
pub(crate) fn resident_mib() -> u64 {
    resident_kib(std::process::id()) / 1024
}

/// The resident memory of a process, in KiB; 0 where there is no `/proc`.
pub(crate) fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix(" kB")?
            .trim()
            .parse()
            .ok()
    });
    kib.unwrap_or(0_u64)
}
