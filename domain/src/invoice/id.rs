//! How an invoice is called: by its number.

use ulid::Ulid;

use crate::kernel::{EntityId, text_type};

text_type!(
    /// An invoice's number as it is printed: `INV-` and at least six digits, or `PINV-` for those of the series that all
    /// tenants of a platform share. Its stream is named by it, so that a number
    /// can be given once only: whoever writes the first event of the stream has the number.
    InvoiceId,
    |text| digits(text).is_some(),
    "an invoice's number, for instance INV-000042"
);

fn digits(text: &str) -> Option<u64> {
    let own = text.strip_prefix('P').unwrap_or(text);
    let digits = own.strip_prefix("INV-")?;
    let number = digits.parse().ok().filter(|number| *number > 0)?;
    (own == written(number)).then_some(number)
}

fn written(number: u64) -> String {
    format!("INV-{number:06}")
}

impl InvoiceId {
    /// The invoice of a number: 1, 2, 3, ... without gaps in a tenant.
    #[must_use]
    pub fn of_number(number: u64) -> Self {
        Self(written(number.max(1)))
    }

    /// The invoice of a number: 1, 2, 3, ... without gaps on the whole platform.
    #[must_use]
    pub fn of_platform_number(number: u64) -> Self {
        Self(format!("P{}", written(number.max(1))))
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        digits(&self.0).unwrap_or_default()
    }
}

impl EntityId for InvoiceId {
    fn as_str(&self) -> &str {
        Self::as_str(self)
    }

    fn from_ulid(_ulid: Ulid) -> Self {
        // Numbers are counted, not drawn: whoever has none asks for the first, and is told who has it.
        Self::of_number(1)
    }
}
