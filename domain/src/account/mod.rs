//! What a tenant is to the platform: an account that opens and closes, has members, pays a plan every month and is billed.
//!
//! Nothing is decided here: facts of other slices are read again for their worth a month. What monthly recurring revenue is
//! follows Stripe ("Billing metric definitions"): the flat fees of running and past-due subscriptions made monthly, without
//! taxes, usage, trials and coupons that end; a coupon for ever is taken off. What moves it is named as ChartMogul names it
//! ("MRR movements"): new business, expansion, contraction, churn, reactivation.

mod book;
mod fact;
mod movement;
#[cfg(test)]
mod tests;
mod worth;

pub use book::{Account, Billed, Headcount, Standing};
pub use fact::{Change, Fact, Thread};
pub use movement::{Movement, MovementKind};
