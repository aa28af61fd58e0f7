//! Documents of titles, texts and tables: the same as Markdown and as PDF.
//!
//! ```text
//! let mut paper = Paper::new("Audit report");
//! paper.heading("Role changes");
//! paper.table(&[("When", Align::Left, 2), ("Who", Align::Left, 3)], rows);
//! paper.markdown(); paper.pdf();
//! ```

mod font;
mod layout;
mod markdown;
mod pdf;
#[cfg(test)]
mod tests;

/// A document, from top to bottom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paper {
    title: String,
    blocks: Vec<Block>,
}

/// On which side of its column a text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// On the left.
    #[default]
    Left,
    /// On the right: amounts and counts.
    Right,
}

/// A table's column: its name, where its texts stand, and its share of the width.
pub type Column<'a> = (&'a str, Align, u32);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    Heading(String),
    Text(String),
    Table(Vec<(String, Align, u32)>, Vec<Vec<String>>),
}

impl Paper {
    /// A document with nothing under its title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            blocks: Vec::new(),
        }
    }

    /// Begins a part.
    pub fn heading(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Heading(text.into()));
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    /// Adds a table; a row has a text for each column.
    pub fn table(&mut self, columns: &[Column<'_>], rows: Vec<Vec<String>>) {
        let columns = columns
            .iter()
            .map(|(name, align, share)| ((*name).to_owned(), *align, *share));
        self.blocks.push(Block::Table(columns.collect(), rows));
    }

    /// The document in Markdown (GitHub's, for the tables).
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::of(self)
    }

    /// The document as PDF 1.7 on A4 pages, in Helvetica, which every reader has. Letters beyond Windows-1252 are shown
    /// as question marks.
    #[must_use]
    pub fn pdf(&self) -> Vec<u8> {
        pdf::of(self)
    }
}
