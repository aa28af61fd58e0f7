//! The rules of RFC 4180 as a state machine, and nothing beyond them.

/// One record: the unquoted fields one after the other, and where each ends.
#[derive(Default)]
pub(in crate::csv_file) struct Record {
    pub(in crate::csv_file) text: Vec<u8>,
    pub(in crate::csv_file) ends: Vec<usize>,
    /// The physical lines that it runs over, the first is 1.
    pub(in crate::csv_file) line: u64,
    pub(in crate::csv_file) last_line: u64,
}

impl Record {
    pub(super) fn restart(&mut self, line: u64) {
        self.text.clear();
        self.ends.clear();
        self.line = line;
    }

    pub(super) fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::csv_file) enum Fault {
    StrayQuote,
    TextAfterQuote,
    UnclosedQuote,
    TooLong,
}

/// Where in a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    FieldStart,
    Unquoted,
    Quoted,
    QuoteInQuoted,
}

/// Where the scanner is inside a record; the places count from the record's beginning.
pub(super) struct Walk {
    pub(super) state: State,
    pub(super) at: usize,
    pub(super) line: u64,
    pub(super) field_at: usize,
    pub(super) field_line: u64,
}

/// What a step came to.
pub(super) enum Step {
    On,
    LineEnd(u8),
    Fault(Fault),
}

/// Takes at least one byte of the window, which is not empty.
pub(super) fn step(window: &[u8], delimiter: u8, record: &mut Record, walk: &mut Walk) -> Step {
    let first = window[0];
    match walk.state {
        State::FieldStart if first == b'"' => {
            walk.state = State::Quoted;
            walk.at += 1;
        }
        State::FieldStart | State::Unquoted => {
            walk.state = State::Unquoted;
            let ends = |byte: &u8| *byte == delimiter || *byte == b'"' || is_line_end(*byte);
            let run = window.iter().position(ends).unwrap_or(window.len());
            record.text.extend_from_slice(&window[..run]);
            walk.at += run;
            match window.get(run) {
                None => {}
                Some(b'"') => return Step::Fault(Fault::StrayQuote),
                Some(end @ (b'\n' | b'\r')) => return Step::LineEnd(*end),
                Some(_) => next_field(record, walk),
            }
        }
        State::Quoted => {
            let run = window
                .iter()
                .position(|byte| *byte == b'"')
                .unwrap_or(window.len());
            count_lines(&window[..run], record, walk);
            record.text.extend_from_slice(&window[..run]);
            walk.at += run;
            if run < window.len() {
                walk.state = State::QuoteInQuoted;
                walk.at += 1;
            }
        }
        State::QuoteInQuoted => match first {
            b'"' => {
                record.text.push(b'"');
                walk.state = State::Quoted;
                walk.at += 1;
            }
            b'\n' | b'\r' => return Step::LineEnd(first),
            _ if first == delimiter => next_field(record, walk),
            _ => return Step::Fault(Fault::TextAfterQuote),
        },
    }
    Step::On
}

fn next_field(record: &mut Record, walk: &mut Walk) {
    record.end_field();
    walk.at += 1;
    walk.state = State::FieldStart;
    walk.field_at = walk.at;
    walk.field_line = walk.line;
}

/// Counts the line ends inside a quoted field: LF, CRLF or CR.
fn count_lines(run: &[u8], record: &Record, walk: &mut Walk) {
    let field = *record.ends.last().unwrap_or(&0);
    let mut previous = record.text[field..].last().copied().unwrap_or(b'"');
    for &byte in run {
        if byte == b'\r' || (byte == b'\n' && previous != b'\r') {
            walk.line += 1;
        }
        previous = byte;
    }
}

pub(super) fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}
