//! What was sealed: proven to others, and held against what lies in PostgreSQL.

mod audited;
mod doors;
mod ground;
mod killed;
mod proofs;
mod pymerkle;
mod rotated;
mod tampered;
mod witnessed;
