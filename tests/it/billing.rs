//! Invoices through their doors: issued once under gapless numbers, corrected, paid, disputed, and folded again.

mod agreement;
mod alerts;
mod entitlements;
mod example;
mod ground;
mod issued;
mod late;
mod live;
mod nightly;
mod numbers;
mod what_if;
