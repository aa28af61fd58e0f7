//! Helvetica, one of the fonts that every PDF reader has: how wide its letters are, and how they are written.

/// A text in Windows-1252, as the font takes it; what that does not have is a question mark.
pub(super) fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(byte).collect()
}

fn byte(letter: char) -> u8 {
    match letter {
        '€' => 0x80,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        '\t' | '\n' | '\r' => b' ',
        other => {
            let byte = u8::try_from(u32::from(other)).ok();
            let is_known = |byte: &u8| matches!(byte, 0x20..=0x7e | 0xa0..=0xff);
            byte.filter(is_known).unwrap_or(b'?')
        }
    }
}

/// How wide a text is in the size of 1, in thousandths.
pub(super) fn width(text: &str) -> u32 {
    text.chars().map(|letter| width_of(byte(letter))).sum()
}

/// The widths of ASCII from the space on, as Adobe's metrics of Helvetica have them.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

fn width_of(byte: u8) -> u32 {
    let ascii = |letter: u8| u32::from(ASCII[usize::from(letter - b' ')]);
    match byte {
        b' '..=b'~' => ascii(byte),
        0x85 | 0x97 | 0xc6 => 1_000,
        0x91 | 0x92 => 222,
        0x93 | 0x94 => 333,
        0x95 => 350,
        0xa0 => ascii(b' '),
        0xc0..=0xc5 => ascii(b'A'),
        0xc7 => ascii(b'C'),
        0xc8..=0xcb => ascii(b'E'),
        0xcc..=0xcf => ascii(b'I'),
        0xd0 | 0xd1 => ascii(b'N'),
        0xd2..=0xd6 | 0xd8 => ascii(b'O'),
        0xd7 | 0xf7 => ascii(b'+'),
        0xd9..=0xdc => ascii(b'U'),
        0xdd | 0xde => ascii(b'Y'),
        0xdf | 0xf8 => 611,
        0xe6 => 889,
        0xe7 => ascii(b'c'),
        0xec..=0xef => ascii(b'i'),
        0xfd | 0xff => ascii(b'y'),
        _ => 556,
    }
}
