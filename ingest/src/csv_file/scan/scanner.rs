//! The buffer under the scanner, and where it goes on after a broken record.

use std::io::{self, ErrorKind, Read};

use super::step::{Fault, Record, State, Step, Walk, is_line_end, step};

/// The most bytes that one record may have, quotes and line ends included.
pub(in crate::csv_file) const RECORD_LIMIT_BYTES: usize = 1 << 20;
const CHUNK_BYTES: usize = 64 << 10;
const EXCERPT_BYTES: usize = 256;

/// A record that can't be read.
pub(in crate::csv_file) struct Broken {
    pub(in crate::csv_file) fault: Fault,
    /// The field's place in the record, from 0.
    pub(in crate::csv_file) field: usize,
    /// The physical line of the fault; of the opening quote, if it is about one.
    pub(in crate::csv_file) line: u64,
    /// The beginning of the field as it stands in the file.
    pub(in crate::csv_file) excerpt: Vec<u8>,
}

/// Reads records from UTF-8 bytes, whose validity is the caller's to check.
pub(in crate::csv_file) struct Scanner<R> {
    reader: R,
    delimiter: u8,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    line: u64,
    after_return: bool,
}

impl<R: Read> Scanner<R> {
    pub(in crate::csv_file) fn new(reader: R, delimiter: u8) -> Self {
        Self {
            reader,
            delimiter,
            buffer: Vec::new(),
            start: 0,
            filled: 0,
            line: 1,
            after_return: false,
        }
    }

    /// Reads the next record that is not an empty line; none at the end of the file.
    pub(in crate::csv_file) fn scan(
        &mut self,
        record: &mut Record,
    ) -> io::Result<Option<Result<(), Broken>>> {
        if !self.skip_empty_lines()? {
            return Ok(None);
        }
        record.restart(self.line);
        let (line, field_line) = (self.line, self.line);
        let mut walk = Walk {
            state: State::FieldStart,
            at: 0,
            line,
            field_at: 0,
            field_line,
        };
        loop {
            let window = self.start + walk.at..self.filled.min(self.start + RECORD_LIMIT_BYTES);
            if window.is_empty() {
                if walk.at < RECORD_LIMIT_BYTES && self.fill()? {
                    continue;
                }
                let fault = match walk.state {
                    State::Quoted => Fault::UnclosedQuote,
                    _ if walk.at < RECORD_LIMIT_BYTES => {
                        self.finish(record, &walk);
                        return Ok(Some(Ok(())));
                    }
                    _ => Fault::TooLong,
                };
                return self.give_up(fault, record, &walk).map(|broken| Some(Err(broken)));
            }
            match step(&self.buffer[window], self.delimiter, record, &mut walk) {
                Step::On => {}
                Step::LineEnd(end) => {
                    self.finish(record, &walk);
                    self.end_line(end);
                    return Ok(Some(Ok(())));
                }
                Step::Fault(fault) => {
                    return self.give_up(fault, record, &walk).map(|broken| Some(Err(broken)));
                }
            }
        }
    }

    fn finish(&mut self, record: &mut Record, walk: &Walk) {
        record.end_field();
        record.last_line = walk.line;
        self.start += walk.at;
        self.line = walk.line;
    }

    /// Leaves a broken record: the next one begins in the line after the fault.
    fn give_up(&mut self, fault: Fault, record: &Record, walk: &Walk) -> io::Result<Broken> {
        let (at, line) = match fault {
            Fault::StrayQuote | Fault::TooLong => (walk.at, walk.line),
            Fault::TextAfterQuote | Fault::UnclosedQuote => (walk.field_at, walk.field_line),
        };
        while self.filled - self.start < walk.at + EXCERPT_BYTES && self.fill()? {}
        let seen = if fault == Fault::UnclosedQuote {
            walk.field_at
        } else {
            walk.at
        };
        let excerpt = self.excerpt(walk, seen);
        self.start += at;
        self.line = line;
        self.skip_line()?;
        Ok(Broken {
            fault,
            field: record.ends.len(),
            line,
            excerpt,
        })
    }

    /// The field as it stands in the file, up to a line end or delimiter behind `from`.
    fn excerpt(&self, walk: &Walk, from: usize) -> Vec<u8> {
        let record = &self.buffer[self.start..self.filled];
        let quoted = walk.state == State::Quoted;
        let ends = |byte: &u8| is_line_end(*byte) || (!quoted && *byte == self.delimiter);
        let end = record[from..]
            .iter()
            .position(ends)
            .map_or(record.len(), |end| from + end);
        record[walk.field_at..end.min(walk.field_at + 4 * EXCERPT_BYTES)].to_vec()
    }

    fn skip_empty_lines(&mut self) -> io::Result<bool> {
        while self.start < self.filled || self.fill()? {
            match self.buffer[self.start] {
                end @ (b'\n' | b'\r') => self.end_line(end),
                _ => {
                    self.after_return = false;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = &self.buffer[self.start..self.filled];
            if let Some(end) = rest.iter().position(|byte| is_line_end(*byte)) {
                let byte = rest[end];
                self.start += end;
                self.after_return = false;
                self.end_line(byte);
                return Ok(());
            }
            self.start = self.filled;
            if !self.fill()? {
                return Ok(());
            }
        }
    }

    /// Steps over a line end; the second half of a CRLF is not one more line.
    fn end_line(&mut self, byte: u8) {
        if !(byte == b'\n' && self.after_return) {
            self.line += 1;
        }
        self.after_return = byte == b'\r';
        self.start += 1;
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        if self.buffer.len() < self.filled + CHUNK_BYTES {
            self.buffer.resize(self.filled + CHUNK_BYTES, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(read) => {
                    self.filled += read;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
