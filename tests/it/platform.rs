//! The platform as its administrator sees it: revenue a month and what moved it, tenants, and what is left of what they pay.

mod cost;
mod overview;
