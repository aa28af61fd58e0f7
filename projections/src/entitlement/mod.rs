//! What each tenant's plan opens and how much of it is used, in memory: folded from the log once, then kept up to date
//! by every event that comes, so that a command is let pass or refused without a query.

mod gate;
mod standing;
#[cfg(test)]
mod tests;

pub(crate) use gate::nothing_under_way;
pub use gate::{Entitlements, Pass};
pub use standing::{Asked, QuotaUse, Room, Standing};
