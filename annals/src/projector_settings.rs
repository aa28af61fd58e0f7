//! The settings of projectors and rebuilds.

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
}

impl GivenProjector {
    /// These settings where they are given, else the other ones.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            projector_shards: self.projector_shards.or(other.projector_shards),
            switch_policy: self.switch_policy.or(other.switch_policy),
            rebuild_memory_mb: self.rebuild_memory_mb.or(other.rebuild_memory_mb),
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

    /// The settings in force as a TOML file would have them.
    #[must_use]
    pub fn shown(&self) -> String {
        let options = self.options();
        format!(
            "\n[projector]\nshards = {}\nswitch_policy = {:?}\nrebuild_memory_mb = {}\n",
            options.shards,
            options.policy.name(),
            options.memory_bytes >> 20
        )
    }
}
