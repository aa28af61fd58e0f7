//! Temporary.
use std::time::Duration;
/// Temporary.
#[derive(Clone, Debug)]
pub struct Reader;
impl Reader {
    /// Temporary.
    pub async fn wait_for(&self, _p: u64, _d: Duration) -> Result<bool, std::io::Error> {
        Ok(true)
    }
}
