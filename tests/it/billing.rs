//! Invoices through their doors: issued once under gapless numbers, corrected, paid, disputed, and folded again.

mod agreement;
mod alerts;
mod archived;
mod bad_input;
mod changed_plans;
mod changes;
mod corrected_terms;
mod credits;
mod currencies;
mod entitlements;
mod example;
mod files;
mod ground;
mod issued;
mod late;
mod live;
mod models;
mod nightly;
mod numbers;
mod outcomes;
mod previews;
mod priced_events;
mod shared_numbers;
mod soft_quota;
mod what_if;
mod what_if_all;
