//! Invoices: issued under a number, frozen with the position up to which events were counted, then paid, credited,
//! disputed or void. A period that runs, or is over and not billed yet, is no aggregate: it is told from its events.

mod aggregate;
mod bill;
mod command;
#[cfg(test)]
mod credit_tests;
mod event;
mod id;
#[cfg(test)]
pub(crate) mod tests;

pub use aggregate::{Invoice, Refusal};
pub use bill::{Bill, BillLine, Corrected, LineDifference, Stage};
pub use command::Command;
pub use event::Event;
pub use id::InvoiceId;
