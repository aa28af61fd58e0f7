//! The plans that come with the platform: data in one place, `bundled.json`.

use super::plan::Plan;

/// Starter, Professional and Enterprise, the cheapest first, at list prices. Enterprise is the price to negotiate from: a
/// contract is a plan of its own, or a subscription's own price.
///
/// # Panics
/// Never: a test reads the file.
#[must_use]
pub fn bundled_plans() -> Vec<Plan> {
    serde_json::from_str(include_str!("bundled.json")).expect("the bundled plans are valid")
}
