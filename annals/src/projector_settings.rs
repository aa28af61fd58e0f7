//! The settings of projectors and rebuilds.

use std::num::NonZeroU32;

use clap::Args;
use projections::ProjectorOptions;
use serde::Deserialize;

use crate::read_models::Policy;

/// What a person may set about projectors. Each is a flag, a variable and a key under `[projector]` in the TOML
/// file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenProjector {
    /// Into how many shards the tenants are spread, so that several projectors share a read model; the same
    /// in all processes of a database [default: 1]
    #[arg(long, env = "ANNALS_PROJECTOR_SHARDS", global = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=256))]
    #[serde(rename = "shards")]
    pub projector_shards: Option<u32>,
    /// What a switch demands of the difference when a new version of a read model has been filled
    /// [default: any]
    #[arg(long, env = "ANNALS_SWITCH_POLICY", global = true, value_enum)]
    pub switch_policy: Option<Policy>,
    /// How many megabytes a rebuild may hold in memory [default: 512]
    #[arg(long, env = "ANNALS_REBUILD_MEMORY_MB", global = true, value_name = "MB",
          value_parser = clap::value_parser!(u32).range(16..))]
    pub rebuild_memory_mb: Option<u32>,
    /// How many events a second the verification in the background may read; 0 turns it off [default: 200]
    #[arg(
        long,
        env = "ANNALS_VERIFY_EVENTS_PER_SECOND",
        global = true,
        value_name = "N"
    )]
    pub verify_events_per_second: Option<u32>,
}

const VERIFY_EVENTS_PER_SECOND: u32 = 200;

impl GivenProjector {
    /// These settings where they are given, else the other ones.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            projector_shards: self.projector_shards.or(other.projector_shards),
            switch_policy: self.switch_policy.or(other.switch_policy),
            rebuild_memory_mb: self.rebuild_memory_mb.or(other.rebuild_memory_mb),
            verify_events_per_second: self.verify_events_per_second.or(other.verify_events_per_second),
        }
    }

    /// The settings in force.
    #[must_use]
    pub fn options(&self) -> ProjectorOptions {
        let default = ProjectorOptions::default();
        ProjectorOptions {
            shards: self.projector_shards.unwrap_or(default.shards),
            policy: self.switch_policy.map_or(default.policy, Into::into),
            memory_bytes: self
                .rebuild_memory_mb
                .map_or(default.memory_bytes, |megabytes| (megabytes as usize) << 20),
        }
    }

    /// How many events a second the verification in the background may read; `None`: there is none.
    #[must_use]
    pub fn verification(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.verify_events_per_second.unwrap_or(VERIFY_EVENTS_PER_SECOND))
    }

    /// The settings in force as a TOML file would have them.
    #[must_use]
    pub fn shown(&self) -> String {
        let options = self.options();
        format!(
            "\n[projector]\nshards = {}\nswitch_policy = {:?}\nrebuild_memory_mb = {}\n\
             verify_events_per_second = {}\n",
            options.shards,
            options.policy.name(),
            options.memory_bytes >> 20,
            self.verification().map_or(0, NonZeroU32::get)
        )
    }
}
