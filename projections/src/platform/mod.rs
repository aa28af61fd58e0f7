//! The platform as its administrator sees it: all accounts in one month, told from the rows of one moment, or as they were
//! known at a position.

mod books;
mod cost;
mod month;

pub use books::{PLATFORM_READS, PlatformBooks};
pub use cost::ModelCost;
pub use month::{MonthSpan, Overview, Revenue, TenantMonth, Used};
