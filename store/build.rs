//! Says to cargo that a new migration changes this crate: `migrate!` itself notices only changed ones.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
