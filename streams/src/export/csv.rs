//! Records of RFC 4180.

use std::io::{self, Write};

/// Writes a record: fields with a quote, a comma or a line end are quoted.
///
/// # Errors
/// When it can't be written.
pub fn csv_record<'a>(out: &mut impl Write, fields: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    for (number, field) in fields.into_iter().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        if field.contains(['"', ',', '\r', '\n']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}
