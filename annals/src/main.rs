//! The binary `annals`; what it does is in the library beside it.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A GraphQL answer is thousands of small allocations.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    annals::program::main()
}
