//! What a door did not take, as whoever answers tells it to whoever writes it down.

/// Records of one request that were not taken, by the kind of reason. It goes along with the answer, and is written down
/// with bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotTaken(Vec<NotTakenRecord>);

/// Records that were not taken for one kind of reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTakenRecord {
    /// The door, for instance `cloudEvents`.
    pub door: &'static str,
    /// The reason's name for machines.
    pub code: String,
    /// The first record's reason as it was told.
    pub message: String,
    /// How many.
    pub records: u64,
}

impl NotTaken {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Records that were not taken at a door.
    pub fn add(&mut self, door: &'static str, code: &str, message: &str, records: u64) {
        let same = self
            .0
            .iter_mut()
            .find(|other| other.door == door && other.code == code);
        match same {
            Some(same) => same.records = same.records.saturating_add(records),
            None => self.0.push(NotTakenRecord {
                door,
                code: code.to_owned(),
                message: message.to_owned(),
                records,
            }),
        }
    }

    /// The same, of one record.
    #[must_use]
    pub fn one(door: &'static str, code: &str, message: &str) -> Self {
        let mut all = Self::new();
        all.add(door, code, message, 1);
        all
    }

    /// All of them.
    #[must_use]
    pub fn records(&self) -> &[NotTakenRecord] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::NotTaken;

    #[test]
    fn a_reason_is_told_once_with_the_number_of_its_records() {
        let mut all = NotTaken::one("cloudEvents", "INVALID", "first");
        all.add("cloudEvents", "INVALID", "second", 2);
        all.add("cloudEvents", "CONFLICTING", "third", 1);
        let told: Vec<(&str, &str, u64)> = all
            .records()
            .iter()
            .map(|record| (record.code.as_str(), record.message.as_str(), record.records))
            .collect();
        assert_eq!(told, [("INVALID", "first", 3), ("CONFLICTING", "third", 1)]);
    }
}
