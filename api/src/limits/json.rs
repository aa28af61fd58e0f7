//! How deep a request's JSON nests, counted before it is read.

use super::{Limits, Over};

/// Refuses JSON that nests too deep; what is no JSON is left to the reader.
pub(crate) fn check_nesting(json: &[u8], limits: &Limits) -> Result<(), Over> {
    let (mut depth, mut is_in_string, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            _ if is_in_string => {}
            b'{' | b'[' => {
                depth += 1;
                Over::check(
                    "json_nesting",
                    "arrays and objects inside each other",
                    depth,
                    limits.json_nesting,
                )?;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_nesting;
    use crate::limits::Limits;

    #[test]
    fn arrays_and_objects_count_and_strings_do_not() {
        let limits = Limits::default();
        let nested = |times: usize| format!("{}{}", "[".repeat(times), "]".repeat(times));
        assert!(check_nesting(nested(limits.json_nesting).as_bytes(), &limits).is_ok());
        assert!(check_nesting(nested(limits.json_nesting + 1).as_bytes(), &limits).is_err());
        let text = format!("[\"\\\"{}\"]", nested(1_000));
        assert!(check_nesting(text.as_bytes(), &limits).is_ok());
        let behind = format!("[\"\\\\\",{}", nested(1_000));
        assert!(check_nesting(behind.as_bytes(), &limits).is_err());
    }
}
