//! Prepaid credits: grants that are drawn down in order, in a ledger that tells each movement.

use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Currency, Money};

/// Credit that a customer has: bought, or given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its id, unique in a ledger.
    pub id: String,
    /// How much.
    pub amount: Decimal,
    /// Lower ones are drawn first.
    pub priority: u8,
    /// From when on it may be drawn.
    pub granted_at: Timestamp,
    /// From when on it may be drawn no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A part of a grant: what an invoice draws of it, or what a credit note gives back to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditPart {
    /// The grant's id.
    pub grant: String,
    /// How much; above zero.
    pub amount: Decimal,
}

/// What moved in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// Credit came in.
    Granted,
    /// An invoice drew on it.
    Drawn,
    /// A void invoice, or a credit note, gave it back.
    GivenBack,
    /// What was left expired.
    Expired,
}

/// One movement of one grant. The amounts of all entries of a grant add up to what is left of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Which grant.
    pub grant: String,
    /// What moved.
    pub movement: Movement,
    /// How much: above zero came in, below zero went out.
    pub amount: Decimal,
    /// What is left of the grant afterwards.
    pub left: Decimal,
    /// What is left of all grants afterwards.
    pub balance: Decimal,
    /// The invoice that drew, or that gave back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
}

/// The credits of one customer in one currency, and all that ever moved. It is never below zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLedger {
    currency: Currency,
    grants: Vec<Held>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    grant: Grant,
    left: Decimal,
}

/// Why a ledger refuses a movement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Nothing moves.
    #[error("the amount {0} is not above zero: name how much is to move")]
    NotAboveZero(Decimal),
    /// More digits than the currency has.
    #[error("the amount {amount} has more decimal places than {currency}: round it first")]
    TooFine {
        /// The amount.
        amount: Decimal,
        /// The ledger's currency.
        currency: Currency,
    },
    /// A grant's id comes twice.
    #[error("there is a grant {0:?} already: give this one another id")]
    Twice(String),
    /// A grant that can never be drawn.
    #[error("the grant {0:?} expires before it is granted: let it expire later, or never")]
    ExpiresAtOnce(String),
    /// A movement before the last one.
    #[error("the movement at {at} lies before the last one at {last}: movements come in order of time")]
    OutOfOrder {
        /// When it would be.
        at: Timestamp,
        /// When the last one was.
        last: Timestamp,
    },
    /// Credits of one currency for an invoice in another.
    #[error("the credits are in {0}, the invoice is in {1}: draw on credits in {1}")]
    OtherCurrency(Currency, Currency),
    /// More credit than a decimal holds.
    #[error("the balance would have more than 28 digits: grant less")]
    TooLarge,
}

impl CreditLedger {
    /// An empty ledger.
    #[must_use]
    pub const fn new(currency: Currency) -> Self {
        Self {
            currency,
            grants: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// All movements, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is left of all grants, those included that expire at the next movement.
    #[must_use]
    pub fn balance(&self) -> Money {
        Money::new(
            self.entries.last().map_or(Decimal::ZERO, |entry| entry.balance),
            self.currency,
        )
    }

    /// What can be drawn at an instant.
    #[must_use]
    pub fn available(&self, at: Timestamp) -> Money {
        let open = self.grants.iter().filter(|held| held.is_open(at));
        Money::new(open.map(|held| held.left).sum(), self.currency)
    }

    /// Takes in a grant.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn grant(&mut self, grant: Grant) -> Result<(), LedgerError> {
        self.check(grant.amount, grant.granted_at)?;
        if self.grants.iter().any(|held| held.grant.id == grant.id) {
            return Err(LedgerError::Twice(grant.id));
        }
        if grant
            .expires_at
            .is_some_and(|expires_at| expires_at <= grant.granted_at)
        {
            return Err(LedgerError::ExpiresAtOnce(grant.id));
        }
        let after = self.balance().amount.checked_add(grant.amount);
        after.ok_or(LedgerError::TooLarge)?;
        self.expire(grant.granted_at);
        let (at, amount) = (grant.granted_at, grant.amount);
        self.grants.push(Held {
            grant,
            left: Decimal::ZERO,
        });
        self.record(self.grants.len() - 1, Movement::Granted, amount, (at, None));
        Ok(())
    }

    /// Draws up to an amount for an invoice, and tells how much it was. Grants are drawn by priority, then the
    /// soonest to expire, then the oldest, then by id (OpenMeter and Kong, credits "draw-down order").
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn draw(&mut self, up_to: Decimal, at: Timestamp, invoice: &str) -> Result<Money, LedgerError> {
        self.check(up_to, at)?;
        self.expire(at);
        let mut order: Vec<usize> = (0..self.grants.len())
            .filter(|index| self.grants[*index].is_open(at))
            .collect();
        order.sort_by_key(|index| {
            let grant = &self.grants[*index].grant;
            let expires_at = grant.expires_at.unwrap_or(Timestamp::MAX);
            (grant.priority, expires_at, grant.granted_at, grant.id.clone())
        });
        let mut missing = up_to;
        for index in order {
            let part = missing.min(self.grants[index].left);
            if part > Decimal::ZERO {
                missing -= part;
                self.record(index, Movement::Drawn, -part, (at, Some(invoice)));
            }
        }
        Ok(Money::new(up_to - missing, self.currency))
    }

    /// Gives back what an invoice drew, each part to its grant, and tells how much it was. What has expired since
    /// expires at once. A second time gives back nothing.
    ///
    /// # Errors
    /// [`LedgerError::OutOfOrder`].
    pub fn give_back(&mut self, invoice: &str, at: Timestamp) -> Result<Money, LedgerError> {
        self.check(Decimal::ONE, at)?;
        let mut sum = Decimal::ZERO;
        for index in 0..self.grants.len() {
            let id = &self.grants[index].grant.id;
            let moved = self.entries.iter().filter(|entry| {
                entry.grant == *id
                    && entry.invoice.as_deref() == Some(invoice)
                    && matches!(entry.movement, Movement::Drawn | Movement::GivenBack)
            });
            let drawn = -moved.map(|entry| entry.amount).sum::<Decimal>();
            if drawn > Decimal::ZERO {
                sum += drawn;
                self.record(index, Movement::GivenBack, drawn, (at, Some(invoice)));
            }
        }
        self.expire(at);
        Ok(Money::new(sum, self.currency))
    }

    /// Draws up to an amount for an invoice that has no number yet, and tells the parts; at the last movement's time, when
    /// that is later.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn plan(&mut self, up_to: Decimal, at: Timestamp) -> Result<Vec<CreditPart>, LedgerError> {
        self.expire(self.in_order(at));
        let before = self.entries.len();
        self.draw(up_to, self.in_order(at), "")?;
        let drawn = self.entries.iter().skip(before);
        let part = |entry: &Entry| CreditPart {
            grant: entry.grant.clone(),
            amount: -entry.amount,
        };
        Ok(drawn.map(part).collect())
    }

    /// Takes in a grant that was decided on before, in the order in which it was written down: at the last movement's
    /// time, when that is later.
    pub fn take_grant(&mut self, grant: Grant) {
        let (at, amount) = (self.in_order(grant.granted_at), grant.amount);
        self.expire(at);
        let index = self.grants.len();
        self.grants.push(Held {
            grant,
            left: Decimal::ZERO,
        });
        self.record(index, Movement::Granted, amount, (at, None));
    }

    /// Takes in what an invoice drew.
    pub fn take_draw(&mut self, parts: &[CreditPart], at: Timestamp, invoice: &str) {
        self.expire(self.in_order(at));
        self.take(parts, Movement::Drawn, (at, invoice));
    }

    /// Takes in what a credit note of an invoice gave back. What has expired since expires at once.
    pub fn take_return(&mut self, parts: &[CreditPart], at: Timestamp, invoice: &str) {
        self.take(parts, Movement::GivenBack, (at, invoice));
        self.expire(self.in_order(at));
    }

    /// Takes in that an invoice is void: what it drew and did not give back is there again.
    pub fn take_void(&mut self, at: Timestamp, invoice: &str) {
        // Nothing is out of order at the last movement's time.
        let _all_of_it = self.give_back(invoice, self.in_order(at));
    }

    /// The grants of which more was taken than there was: none, unless the log is not as it was written.
    #[must_use]
    pub fn overdrawn(&self) -> Vec<&str> {
        let short = self.entries.iter().filter(|entry| entry.left < Decimal::ZERO);
        short.map(|entry| entry.grant.as_str()).collect()
    }

    /// What is left of each grant, with the grant.
    pub fn grants(&self) -> impl Iterator<Item = (&Grant, Decimal)> {
        self.grants.iter().map(|held| (&held.grant, held.left))
    }

    fn take(&mut self, parts: &[CreditPart], movement: Movement, (at, invoice): (Timestamp, &str)) {
        let at = self.in_order(at);
        for part in parts {
            let index = self.grants.iter().position(|held| held.grant.id == part.grant);
            if let Some(index) = index {
                let amount = match movement {
                    Movement::Drawn | Movement::Expired => -part.amount,
                    Movement::Granted | Movement::GivenBack => part.amount,
                };
                self.record(index, movement, amount, (at, Some(invoice)));
            }
        }
    }

    fn in_order(&self, at: Timestamp) -> Timestamp {
        self.entries.last().map_or(at, |last| last.at.max(at))
    }

    /// Writes down what has expired up to an instant. The other movements do so first.
    pub fn expire(&mut self, at: Timestamp) {
        let mut expired: Vec<(Timestamp, usize)> = (0..self.grants.len())
            .filter(|index| self.grants[*index].left > Decimal::ZERO)
            .filter_map(|index| Some((self.grants[index].grant.expires_at?, index)))
            .filter(|(expires_at, _)| *expires_at <= at)
            .collect();
        expired.sort();
        for (expires_at, index) in expired {
            let when = self
                .entries
                .last()
                .map_or(expires_at, |last| last.at.max(expires_at));
            let left = self.grants[index].left;
            self.record(index, Movement::Expired, -left, (when, None));
        }
    }

    fn check(&self, amount: Decimal, at: Timestamp) -> Result<(), LedgerError> {
        if amount <= Decimal::ZERO {
            return Err(LedgerError::NotAboveZero(amount));
        }
        if amount.normalize().scale() > self.currency.exponent() {
            let currency = self.currency;
            return Err(LedgerError::TooFine { amount, currency });
        }
        match self.entries.last() {
            Some(last) if at < last.at => Err(LedgerError::OutOfOrder { at, last: last.at }),
            _ => Ok(()),
        }
    }

    fn record(&mut self, index: usize, movement: Movement, amount: Decimal, when: (Timestamp, Option<&str>)) {
        let balance = self.balance().amount + amount;
        let held = &mut self.grants[index];
        held.left += amount;
        self.entries.push(Entry {
            at: when.0,
            grant: held.grant.id.clone(),
            movement,
            amount,
            left: held.left,
            balance,
            invoice: when.1.map(str::to_owned),
        });
    }
}

impl Held {
    fn is_open(&self, at: Timestamp) -> bool {
        let lasts = self.grant.expires_at.is_none_or(|expires_at| at < expires_at);
        self.grant.granted_at <= at && lasts && self.left > Decimal::ZERO
    }
}
