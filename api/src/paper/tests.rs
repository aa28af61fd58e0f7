//! A document says the same in both forms, however long it is.

use super::{Align, Paper};

fn paper(rows: usize) -> Paper {
    let mut paper = Paper::new("Report of Köln");
    paper.heading("Changes");
    paper.text("What was changed, and by whom: *all* of it, <b>plainly</b>.");
    let row = |number: usize| {
        vec![
            format!("m{number}|x"),
            "ada@example.org".repeat(4),
            number.to_string(),
        ]
    };
    paper.table(
        &[
            ("Member", Align::Left, 2),
            ("Address", Align::Left, 3),
            ("Count", Align::Right, 1),
        ],
        (0..rows).map(row).collect(),
    );
    paper
}

#[test]
fn markdown_has_a_line_a_row_and_takes_no_text_for_a_sign() {
    let text = paper(3).markdown();
    assert!(text.starts_with("# Report of Köln\n\n## Changes\n"), "{text}");
    assert!(
        text.contains("| Member | Address | Count |\n| --- | --- | ---: |\n"),
        "{text}"
    );
    assert!(text.contains("| m2\\|x |"), "{text}");
    assert!(text.contains("\\*all\\*") && text.contains("&lt;b>"), "{text}");
}

#[test]
fn a_long_table_goes_on_over_pages_and_every_text_lies_on_its_page() {
    use super::layout::{Mark, PAGE, pages};
    let pages = pages(&paper(200));
    assert!(pages.len() > 5, "{}", pages.len());
    let mut rows = 0;
    for page in &pages {
        for mark in page {
            let Mark::Text(_, _, (x, y), text) = mark else {
                continue;
            };
            assert!(*x < PAGE.0 && *y < PAGE.1 && *y > 20_000, "{mark:?}");
            rows += usize::from(text.ends_with("|x"));
        }
        let names = page
            .iter()
            .filter(|mark| matches!(mark, Mark::Text(.., text) if text == "Member"));
        assert_eq!(names.count(), 1, "each page names the columns");
    }
    assert_eq!(rows, 200);
}

#[test]
fn a_pdf_begins_and_ends_as_one_and_is_the_same_each_time() {
    let pdf = paper(10).pdf();
    assert!(
        pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF"),
        "{}",
        pdf.len()
    );
    assert_eq!(pdf, paper(10).pdf());
}
