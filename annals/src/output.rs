//! What commands say on standard output. Whoever reads it may have seen enough (`| head -1`): then writing fails
//! with a broken pipe, which ends the command, and which `program::main` takes for the good end that it is.

use std::fmt::Arguments;
use std::io::{self, Write as _};

/// Writes a text as it is.
///
/// # Errors
/// When nobody reads any more.
pub fn write(text: Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_fmt(text)?;
    out.flush()
}

/// Says a line: `say!("{count} events")?`, where `println!` would panic once nobody reads any more.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use say;

/// Whether something could not go on because nobody reads its output any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
    })
}
