//! Invoices through their doors: issued once under gapless numbers, corrected, paid, disputed, and folded again.

mod agreement;
mod alerts;
mod bad_input;
mod changed_plans;
mod corrected_terms;
mod credits;
mod entitlements;
mod example;
mod files;
mod ground;
mod issued;
mod late;
mod live;
mod nightly;
mod numbers;
mod outcomes;
mod shared_numbers;
mod what_if;
