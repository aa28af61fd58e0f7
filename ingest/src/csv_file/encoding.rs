//! From bytes in some encoding to bytes in UTF-8: by the byte order mark, else as stated, else by a guess.

use std::io::{self, Chain, Cursor, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

/// A reader of UTF-8, except that a file in UTF-8 passes through unchecked.
pub(super) type Decoded<R> = DecodeReaderBytes<Chain<Cursor<Vec<u8>>, R>, Vec<u8>>;

/// What has been done to the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoding {
    /// They are as in the file: UTF-8, if they are valid.
    PassedThrough,
    /// They are valid UTF-8, with U+FFFD for what could not be read.
    Transcoded,
}

/// Decodes a file, and says how.
///
/// A byte order mark wins over the stated encoding. Without either, two ASCII characters in UTF-16 at the
/// beginning are recognised, else the file is taken as UTF-8.
pub(super) fn decode<R: Read>(
    mut reader: R,
    stated: Option<&'static Encoding>,
) -> io::Result<(Decoded<R>, Decoding)> {
    let mut first = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut first)?;
    let encoding = match Encoding::for_bom(&first) {
        Some((encoding, mark)) => {
            first.drain(..mark);
            encoding
        }
        None => stated.unwrap_or_else(|| guess(&first)),
    };
    let transcode = (encoding != UTF_8).then_some(encoding);
    let decoded = DecodeReaderBytesBuilder::new()
        .encoding(transcode)
        .bom_sniffing(false)
        .build(Cursor::new(first).chain(reader));
    let decoding = if transcode.is_some() {
        Decoding::Transcoded
    } else {
        Decoding::PassedThrough
    };
    Ok((decoded, decoding))
}

fn guess(first: &[u8]) -> &'static Encoding {
    match first {
        [a, 0, b, 0] if a.is_ascii() && b.is_ascii() && *a > 0 && *b > 0 => UTF_16LE,
        [0, a, 0, b] if a.is_ascii() && b.is_ascii() && *a > 0 && *b > 0 => UTF_16BE,
        _ => UTF_8,
    }
}
