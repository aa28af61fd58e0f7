//! The topic's records of one transaction.

use rdkafka::producer::BaseRecord;
use store::StoredEvent;

use super::record::Mark;
use crate::relay::RelayError;

/// Writes the log's topic.
#[derive(Clone, Debug)]
pub(crate) struct Writing {
    pub(crate) topic: String,
    /// How many partitions it has.
    pub(crate) partitions: u32,
}

impl Writing {
    /// Sends a transaction's events, all that lie behind `after`, and its marks.
    ///
    /// # Errors
    /// When a row can't be told, or `send` fails.
    pub(crate) fn write(
        &self,
        (after, upto): (u64, u64),
        rows: &[StoredEvent],
        mut send: impl FnMut(BaseRecord<'_, String, String>) -> Result<(), RelayError>,
    ) -> Result<(), RelayError> {
        for row in rows {
            let tenant = row.tenant()?;
            let value = row.to_json().map_err(|source| RelayError::Show {
                position: row.position(),
                source,
            })?;
            let (key, partition) = (tenant.to_string(), number(tenant.part(self.partitions)));
            let record = BaseRecord::to(&self.topic).key(&key).payload(&value);
            send(record.partition(partition))?;
        }
        let mark = Mark {
            after,
            upto,
            partitions: self.partitions,
        };
        let value = serde_json::to_string(&mark).map_err(|source| RelayError::Show {
            position: upto,
            source,
        })?;
        for partition in 0..self.partitions {
            let record = BaseRecord::<String, String>::to(&self.topic).payload(&value);
            send(record.partition(number(partition)))?;
        }
        Ok(())
    }
}

fn number(partition: u32) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}
