//! The rules of pricing: for all values, and at their edges.

mod agreement;
mod coupon;
mod credits;
mod deducted;
mod invoice_properties;
mod ledger_properties;
mod money;
mod outcome;
mod outcome_properties;
mod period;
mod plan;
mod plan_changes;
mod price_book;
mod rating_properties;
mod trial;
