//! What operations cost, declared for every list, and what a tenant may spend.

mod actual;
mod bucket;
mod lists;
mod plan;
mod purse;
mod reckon;

pub use plan::{Bucket, PlanBuckets};

pub(crate) use actual::{actual, shown};
pub(crate) use bucket::{Buckets, Level};
pub(crate) use plan::Plans;
pub(crate) use purse::{Empty, Purse, Receipt};
pub(crate) use reckon::reckon;
