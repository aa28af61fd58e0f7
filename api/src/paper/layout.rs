//! Where the texts of a document stand on its pages. All lengths are thousandths of a point, from the page's lower left
//! corner.

use super::font::width;
use super::{Align, Block, Paper};

/// A4.
pub(super) const PAGE: (u32, u32) = (595_276, 841_890);
const MARGIN: u32 = 56_000;
const GAP: u32 = 6_000;
const BODY: u32 = 9_000;
/// Bold letters are a little wider; this is enough for all of them.
const BOLD_MORE: u32 = 112;

/// In which letters a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Plain,
    Bold,
}

/// What stands on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A line of text from its lower left corner on: letters, size, place.
    Text(Face, u32, (u32, u32), String),
    /// A line from left to right at a height.
    Rule(u32),
}

/// A page, from top to bottom.
pub(super) type Page = Vec<Mark>;

struct Layout {
    pages: Vec<Page>,
    /// How much room is left above the margin.
    y: u32,
}

/// The pages of a document.
pub(super) fn pages(paper: &Paper) -> Vec<Page> {
    let mut layout = Layout {
        pages: Vec::new(),
        y: 0,
    };
    layout.turn();
    layout.paragraph(Face::Bold, 16_000, &paper.title);
    for block in &paper.blocks {
        match block {
            Block::Heading(text) => {
                layout.y = layout.y.saturating_sub(GAP);
                // A heading does not end a page.
                layout.room(60_000);
                layout.paragraph(Face::Bold, 12_000, text);
            }
            Block::Text(text) => layout.paragraph(Face::Plain, BODY, text),
            Block::Table(columns, rows) => layout.table(columns, rows),
        }
    }
    layout.number(&paper.title);
    layout.pages
}

/// Left and right edges of the text.
const EDGES: (u32, u32) = (MARGIN, PAGE.0 - MARGIN);

impl Layout {
    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = PAGE.1 - MARGIN;
    }

    fn room(&mut self, height: u32) {
        if self.y < MARGIN + height {
            self.turn();
        }
    }

    fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    fn paragraph(&mut self, face: Face, size: u32, text: &str) {
        for line in wrapped(text, face, size, EDGES.1 - EDGES.0) {
            self.room(leading(size));
            self.y -= leading(size);
            let place = (EDGES.0, self.y);
            self.put(Mark::Text(face, size, place, line));
        }
        self.y = self.y.saturating_sub(GAP);
    }

    fn table(&mut self, columns: &[(String, Align, u32)], rows: &[Vec<String>]) {
        let all: u32 = columns.iter().map(|(.., share)| *share).sum::<u32>().max(1);
        let mut edges = Vec::with_capacity(columns.len());
        let (mut left, width) = (EDGES.0, EDGES.1 - EDGES.0);
        for (_, align, share) in columns {
            let own = width / all * share;
            edges.push((left, own.saturating_sub(GAP), *align));
            left += own;
        }
        let names: Vec<String> = columns.iter().map(|(name, ..)| name.clone()).collect();
        self.room(3 * leading(BODY));
        self.head(&names, &edges);
        for row in rows {
            let page = self.pages.len();
            self.row(Face::Plain, row, &edges);
            if self.pages.len() > page && row != rows.last().unwrap_or(row) {
                // What follows on a new page has its names again.
                self.head(&names, &edges);
            }
        }
        self.y = self.y.saturating_sub(GAP);
    }

    fn head(&mut self, names: &[String], edges: &[(u32, u32, Align)]) {
        self.row(Face::Bold, names, edges);
        let y = self.y.saturating_sub(2_000);
        self.put(Mark::Rule(y));
        self.y = y;
    }

    fn row(&mut self, face: Face, cells: &[String], edges: &[(u32, u32, Align)]) {
        let cells: Vec<Vec<String>> = cells
            .iter()
            .zip(edges)
            .map(|(text, (_, width, _))| wrapped(text, face, BODY, *width))
            .collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or_default();
        let height = u32::try_from(lines)
            .unwrap_or(u32::MAX)
            .saturating_mul(leading(BODY));
        // A row stays in one piece, unless it is longer than a page.
        self.room(height.min(PAGE.1 - 3 * MARGIN));
        for line in 0..lines {
            self.room(leading(BODY));
            self.y -= leading(BODY);
            for (cell, (left, width, align)) in cells.iter().zip(edges) {
                let Some(text) = cell.get(line) else { continue };
                let x = match align {
                    Align::Left => *left,
                    Align::Right => left + width.saturating_sub(length(text, face, BODY)),
                };
                let place = (x, self.y);
                self.put(Mark::Text(face, BODY, place, text.clone()));
            }
        }
    }

    fn number(&mut self, title: &str) {
        let all = self.pages.len();
        for (index, page) in self.pages.iter_mut().enumerate() {
            let text = format!("{title}  ·  {} / {all}", index + 1);
            page.push(Mark::Text(Face::Plain, 7_000, (MARGIN, MARGIN / 2), text));
        }
    }
}

const fn leading(size: u32) -> u32 {
    size / 4 * 5
}

fn length(text: &str, face: Face, size: u32) -> u32 {
    let plain = width(text) * (size / 1_000);
    match face {
        Face::Plain => plain,
        Face::Bold => plain / 100 * BOLD_MORE,
    }
}

/// A text in lines of a width at most; a word that is longer than a line is broken.
fn wrapped(text: &str, face: Face, size: u32, width: u32) -> Vec<String> {
    let fits = |text: &str| length(text, face, size) <= width;
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        let longer = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if fits(&longer) {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.chars() {
            line.push(letter);
            if !fits(&line) && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, letter.to_string()));
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}
