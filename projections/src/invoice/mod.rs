//! Which invoices there are: a row an invoice, as it was issued and with what became of it.

mod fold;
mod query;
#[cfg(test)]
mod tests;

pub use fold::{CreditNoteRow, DifferenceRow, DisputeRow, InvoiceList, InvoiceRow};
pub use query::Series;
