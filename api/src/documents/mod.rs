//! GraphQL documents: read and checked once, kept by their hash.

mod check;
mod keep;
mod operation;
mod place;
mod prepared;
mod resume;
mod sensitive;
pub(crate) mod types;
mod variables;

pub(crate) use check::{Checker, NoExecution};
pub(crate) use keep::{Documents, Missing, Wanted};
pub(crate) use operation::{only_introspects, pick, root_fields};
pub(crate) use place::variables_but_place;
pub(crate) use prepared::{Prepared, Refused};
pub(crate) use resume::resume;
pub(crate) use sensitive::sensitive;
pub(crate) use variables::{check_declarations, check_variables};
