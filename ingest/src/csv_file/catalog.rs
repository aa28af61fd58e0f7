//! What a mapping may name: the commands there are and their fields.

/// The commands that a mapping may name.
pub trait Catalog {
    /// Every command type, as `aggregate.command`, for the message about an unknown one.
    fn command_types(&self) -> Vec<String>;

    /// The fields of one command; none if there is no such command, empty if it takes no fields.
    fn command_fields(&self, command_type: &str) -> Option<Vec<&'static str>>;
}
