//! The binary `annals`; what it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    annals::program::main()
}
