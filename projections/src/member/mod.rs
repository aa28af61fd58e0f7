//! Who works in a tenant, and in which role.

mod fold;

pub use fold::{MemberList, MemberRow};
