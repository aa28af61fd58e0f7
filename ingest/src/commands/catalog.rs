//! The list as a mapping sees it.

use super::list::{AGGREGATE_TYPES, commands_of};
use crate::csv_file::Catalog;

/// The commands of the domain that foreign records may become, as `lead.capture`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Commands;

impl Catalog for Commands {
    fn command_types(&self) -> Vec<String> {
        let named = |aggregate: &&str| {
            let commands = commands_of(aggregate).unwrap_or_default();
            let names: Vec<_> = commands
                .iter()
                .map(|(name, _)| format!("{aggregate}.{name}"))
                .collect();
            names
        };
        AGGREGATE_TYPES.iter().flat_map(named).collect()
    }

    fn command_fields(&self, command_type: &str) -> Option<Vec<&'static str>> {
        let (aggregate_type, wanted) = command_type.split_once('.')?;
        let mut commands = commands_of(aggregate_type)?.into_iter();
        commands
            .find(|(name, _)| *name == wanted)
            .map(|(_, fields)| fields)
    }
}
