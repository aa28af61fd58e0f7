//! A request that asks for too much.

/// A limit that a request is over, and by how much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {found}, at most {at_most} are allowed (limit {limit})")]
pub(crate) struct Over {
    /// What was counted, for people.
    what: &'static str,
    /// How many there are; counting stops where it is clear that there are too many.
    found: usize,
    at_most: usize,
    /// The limit's name in the settings.
    pub(crate) limit: &'static str,
}

impl Over {
    /// Refuses a count that is over its limit.
    pub(crate) fn check(
        limit: &'static str,
        what: &'static str,
        found: usize,
        at_most: usize,
    ) -> Result<(), Self> {
        if found > at_most {
            return Err(Self {
                what,
                found,
                at_most,
                limit,
            });
        }
        Ok(())
    }

    /// So many would be over their limit.
    pub(crate) const fn found(limit: &'static str, what: &'static str, found: usize, at_most: usize) -> Self {
        Self {
            what,
            found,
            at_most,
            limit,
        }
    }

    /// A count that was given up where it passed its limit.
    pub(crate) const fn more_than(limit: &'static str, what: &'static str, at_most: usize) -> Self {
        Self {
            what,
            found: at_most.saturating_add(1),
            at_most,
            limit,
        }
    }
}
