//! Medians and a Markdown table.

/// The middle value of an odd number of runs, the upper of the two middle ones otherwise.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Prints a table.
pub(crate) fn print(title: &str, header: &[&str], rows: &[Vec<String>]) {
    println!("\n### {title}\n\n| {} |", header.join(" | "));
    println!("|{}", "---|".repeat(header.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// A ratio with two decimals.
pub(crate) fn ratio(ours: u64, theirs: u64) -> String {
    let hundredths = ours.saturating_mul(100) / theirs.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
