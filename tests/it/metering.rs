//! Meters through the gateway: defined as data, counting the log's past and what comes, proved and set aside.

mod bad;
mod bills;
mod bundled;
mod calls;
mod clocks;
mod ratios;
mod usage;
