//! What of a plan's version depends on meters: the units of its charges, and whether its quotas can be kept.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::plan::{Enforcement, PlanVersion, Quota};
use super::validate::{Check, InvalidPlan};
use crate::entitlement::{begun, is_begun};
use crate::meter::{Aggregation, Definition, bundled_gauges};

/// What a code names.
enum Named<'m> {
    Known(&'m Definition),
    /// None of the bundled ones, which alone have a dot in their code.
    Never,
    /// One that the tenant may define later.
    NotYet,
}

impl PlanVersion {
    /// Checks charges and quotas against the meters that there are: the bundled ones and the tenant's own, each as its newest
    /// version is. It is asked where a version is defined; what was defined before is read as it is.
    ///
    /// # Errors
    /// [`InvalidPlan`] lists each unit that a charge's meter does not count in, each bundled meter that there is not, and each
    /// quota that could not be kept. A charge's meter that the tenant may define later is no fault.
    pub fn check_meters(&self, own: &BTreeMap<String, Definition>) -> Result<(), InvalidPlan> {
        let mut check = Check::default();
        let named = |code: &str| named(own, code);
        for (index, charge) in self.charges.iter().enumerate() {
            let at = format!("charges[{index}]");
            match named(&charge.meter) {
                Named::Known(meter) if meter.unit != charge.unit => {
                    let problem = format!(
                        "the meter {} counts in {:?}, not in {:?}",
                        charge.meter, meter.unit, charge.unit
                    );
                    check.fault(&format!("{at}.unit"), problem, "name the meter's unit");
                }
                Named::Never => check.no_bundled(&format!("{at}.meter"), &charge.meter),
                Named::Known(_) | Named::NotYet => {}
            }
            let Some(terms) = &charge.outcome else { continue };
            for (name, other) in [("assumed", &terms.assumed), ("reversed", &terms.reversed)] {
                if let Some(other) = other
                    && matches!(named(&other.meter), Named::Never)
                {
                    check.no_bundled(&format!("{at}.outcome.{name}.meter"), &other.meter);
                }
            }
        }
        let mut seen = BTreeSet::new();
        for (index, quota) in self.limits.quotas.iter().enumerate() {
            let at = format!("limits.quotas[{index}]");
            check.quota(&at, quota, &named(&quota.meter));
            if !seen.insert(&quota.meter) {
                let problem = format!("{} has a quota before", quota.meter);
                check.fault(&format!("{at}.meter"), problem, "name each meter once");
            }
        }
        check.done()
    }
}

fn named<'m>(own: &'m BTreeMap<String, Definition>, code: &str) -> Named<'m> {
    if code.contains('.') {
        let bundled = bundled_gauges()
            .iter()
            .find(|gauge| gauge.code().as_str() == code);
        bundled.map_or(Named::Never, |gauge| Named::Known(gauge.definition()))
    } else {
        own.get(code).map_or(Named::NotYet, Named::Known)
    }
}

impl Check {
    fn no_bundled(&mut self, at: &str, code: &str) {
        self.fault(
            at,
            format!("there is no bundled meter {code:?}"),
            "name one of bundledMeters, or a meter of your own, whose code has no dot",
        );
    }

    fn quota(&mut self, at: &str, quota: &Quota, meter: &Named<'_>) {
        if quota.quantity < Decimal::ZERO {
            let problem = format!("{} is negative", quota.quantity);
            self.fault(
                &format!("{at}.quantity"),
                problem,
                "name a quantity of zero or more",
            );
        }
        let at = format!("{at}.meter");
        let is_hard = quota.enforcement == Enforcement::Hard;
        match meter {
            Named::Never => self.no_bundled(&at, &quota.meter),
            Named::NotYet if is_hard => self.fault(
                &at,
                format!(
                    "there is no meter {:?}, so nothing could be refused by it",
                    quota.meter
                ),
                "define the meter first, or make the quota soft",
            ),
            Named::NotYet => {}
            Named::Known(meter) => {
                if !matches!(meter.aggregation, Aggregation::Sum | Aggregation::Count) {
                    let problem = format!(
                        "{} is a {}, and quotas are of sums and counts",
                        quota.meter, meter.aggregation
                    );
                    self.fault(&at, problem, "name a meter that sums or counts");
                } else if is_hard && !is_begun(meter.event_types()) {
                    let problem = format!(
                        "no command is refused for {}: those are that begin {}",
                        quota.meter,
                        begun()
                    );
                    self.fault(
                        &at,
                        problem,
                        "make the quota soft, or choose a meter over one of these",
                    );
                }
            }
        }
    }
}
