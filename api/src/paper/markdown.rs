//! A document in Markdown.

use super::{Align, Block, Paper};

pub(super) fn of(paper: &Paper) -> String {
    let mut text = format!("# {}\n", plain(&paper.title));
    for block in &paper.blocks {
        text.push('\n');
        match block {
            Block::Heading(heading) => text.push_str(&format!("## {}\n", plain(heading))),
            Block::Text(paragraph) => text.push_str(&format!("{}\n", plain(paragraph))),
            Block::Table(columns, rows) => {
                let names = columns.iter().map(|(name, ..)| cell(name));
                text.push_str(&line(names));
                text.push_str(&line(columns.iter().map(|(_, align, _)| match align {
                    Align::Left => "---".to_owned(),
                    Align::Right => "---:".to_owned(),
                })));
                for row in rows {
                    text.push_str(&line(row.iter().map(|text| cell(text))));
                }
            }
        }
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {} |\n", cells.join(" | "))
}

fn cell(text: &str) -> String {
    plain(text).replace('|', "\\|")
}

/// A text that says what it says: what Markdown would take for a sign, or HTML for an element, stands for itself.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' => plain.extend(['\\', letter]),
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            '\n' | '\r' => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}
