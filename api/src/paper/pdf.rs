//! A document as PDF.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::Paper;
use super::font::encoded;
use super::layout::{Face, Mark, PAGE, Page, pages};

const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");
/// Lengths are thousandths of a point.
const SCALE: f32 = 0.001;

pub(super) fn of(paper: &Paper) -> Vec<u8> {
    let pages = pages(paper);
    let mut pdf = Pdf::new();
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        Ref::new(next)
    };
    let (catalog, tree, plain, bold, about) = (fresh(), fresh(), fresh(), fresh(), fresh());
    let places: Vec<(Ref, Ref)> = pages.iter().map(|_| (fresh(), fresh())).collect();
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(about)
        .title(TextStr(&paper.title))
        .producer(TextStr("Annals"));
    let count = i32::try_from(places.len()).unwrap_or(i32::MAX);
    pdf.pages(tree)
        .kids(places.iter().map(|(page, _)| *page))
        .count(count);
    for (id, font) in [(plain, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        let mut made = pdf.type1_font(id);
        made.base_font(Name(font))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (marks, (id, content)) in pages.iter().zip(places) {
        let mut page = pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, 595.276, 841.89))
            .parent(tree)
            .contents(content);
        page.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
        page.finish();
        pdf.stream(content, &drawn(marks));
    }
    pdf.finish()
}

/// What a page's content stream says.
fn drawn(marks: &Page) -> Vec<u8> {
    let mut content = Content::new();
    content.transform([SCALE, 0.0, 0.0, SCALE, 0.0, 0.0]);
    content.set_line_width(500.0);
    for mark in marks {
        match mark {
            Mark::Text(face, size, (x, y), text) => {
                let font = match face {
                    Face::Plain => PLAIN,
                    Face::Bold => BOLD,
                };
                content
                    .begin_text()
                    .set_font(font, *size as f32)
                    .next_line(*x as f32, *y as f32)
                    .show(Str(&encoded(text)))
                    .end_text();
            }
            Mark::Rule(y) => {
                let margin = 56_000;
                content
                    .move_to(margin as f32, *y as f32)
                    .line_to((PAGE.0 - margin) as f32, *y as f32)
                    .stroke();
            }
        }
    }
    content.finish().to_vec()
}
