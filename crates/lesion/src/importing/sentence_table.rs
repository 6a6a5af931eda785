//! Tables with two columns of sentences: CSV and TSV.

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::{
    error::LesionError,
    importing::{
        blimp_lines::SENTENCES,
        sentence_pair::{SentencePair, UnusedLine, UnusedReason},
    },
};

/// The columns of the two sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentenceColumns {
    /// The column of the acceptable sentences.
    pub good: String,
    /// The column of the unacceptable ones.
    pub bad: String,
}

/// The columns that are named as BLiMP's fields.
impl Default for SentenceColumns {
    fn default() -> Self {
        let [good, bad] = SENTENCES.map(str::to_owned);
        Self { good, bad }
    }
}

/// Characters that may separate the fields of a row.
const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];

/// The pairs of a table whose first row names the columns. Its fields are separated by the character
/// with which both columns are found. Rows without a pair are added to `unused`.
///
/// # Errors
/// If a column is missing ([`LesionError::NoColumn`]) or occurs twice ([`LesionError::TwoColumns`]).
pub(crate) fn read_table(
    name: &str,
    text: &str,
    columns: &SentenceColumns,
    unused: &mut Vec<UnusedLine>,
) -> Result<Vec<SentencePair>, LesionError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let names = [&columns.good, &columns.bad];
    let (separator, header) = find_separator(text, names);
    let mut places = [0; 2];
    for (place, column) in places.iter_mut().zip(names) {
        *place = find_column(name, &header, column)?;
    }
    let mut reader = reader(text, separator);
    let mut pairs = Vec::new();
    let mut lines = LineCounter { text: text.as_bytes(), place: 0, line: 1 };
    let mut record = StringRecord::new();
    let mut is_header = true;
    while reader.read_record(&mut record).unwrap_or(false) {
        let [start, end] = [record.position(), Some(reader.position())]
            .map(|position| position.map_or(0, csv::Position::byte))
            .map(|place| usize::try_from(place).unwrap_or(usize::MAX).min(text.len()));
        let line = lines.line_of(start);
        if std::mem::take(&mut is_header) || record.iter().all(str::is_empty) {
            continue;
        }
        if let Err(reason) = check_row(&text.as_bytes()[start..end], separator, line) {
            unused.push(UnusedLine { line, reason });
            continue;
        }
        if record.iter().skip(header.len()).any(|field| !field.is_empty()) {
            let [fields, columns] = [record.len(), header.len()];
            unused.push(UnusedLine { line, reason: UnusedReason::LongRow { fields, columns } });
            continue;
        }
        let field = |place: usize, column: &String| {
            let field = record.get(place).map(str::to_owned);
            field.ok_or_else(|| UnusedReason::ShortRow { column: column.clone() })
        };
        let good = field(places[0], names[0]);
        match good.and_then(|good| Ok([good, field(places[1], names[1])?])) {
            Ok([good, bad]) => pairs.push(SentencePair { line, good, bad }),
            Err(reason) => unused.push(UnusedLine { line, reason }),
        }
    }
    Ok(pairs)
}

/// The part of a field in which a character is.
#[derive(Clone, Copy)]
enum FieldPart {
    Start,
    WithoutQuotes,
    WithinQuotes,
    AfterQuotes,
}

/// Checks the quotation marks of a row, which begins on this line.
///
/// # Errors
/// If one is not closed, or text follows a closing one.
fn check_row(row: &[u8], separator: u8, first: usize) -> Result<(), UnusedReason> {
    let mut part = FieldPart::Start;
    for &byte in row {
        let is_end = byte == separator || byte == b'\n' || byte == b'\r';
        part = match part {
            FieldPart::WithinQuotes if byte == b'"' => FieldPart::AfterQuotes,
            FieldPart::WithinQuotes => FieldPart::WithinQuotes,
            _ if is_end => FieldPart::Start,
            // A pair of marks is one mark of the text.
            FieldPart::Start | FieldPart::AfterQuotes if byte == b'"' => FieldPart::WithinQuotes,
            FieldPart::AfterQuotes => return Err(UnusedReason::TextAfterQuote),
            FieldPart::Start | FieldPart::WithoutQuotes => FieldPart::WithoutQuotes,
        };
    }
    if matches!(part, FieldPart::WithinQuotes) {
        let text = row.trim_ascii_end();
        let last =
            LineCounter { text, place: 0, line: first }.line_of(text.len().saturating_sub(1));
        return Err(UnusedReason::OpenQuote { first, last });
    }
    Ok(())
}

/// The separator with which the first row has both columns, or else the most columns; and this row.
fn find_separator(text: &str, names: [&String; 2]) -> (u8, StringRecord) {
    let mut best = (SEPARATORS[0], StringRecord::new());
    for separator in SEPARATORS {
        let mut header = StringRecord::new();
        let _ = reader(text, separator).read_record(&mut header);
        if names.iter().all(|name| header.iter().any(|column| column == name.as_str())) {
            return (separator, header);
        }
        if header.len() > best.1.len() {
            best = (separator, header);
        }
    }
    best
}

fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(Trim::All).delimiter(separator);
    builder.from_reader(text.as_bytes())
}

fn find_column(file: &str, header: &StringRecord, column: &str) -> Result<usize, LesionError> {
    let mut places = (0..header.len()).filter(|&place| &header[place] == column);
    let Some(place) = places.next() else {
        let found = header.iter().map(str::to_owned).collect();
        let (name, column) = (file.to_owned(), column.to_owned());
        return Err(LesionError::NoColumn { name, column, found });
    };
    if places.next().is_some() {
        return Err(LesionError::TwoColumns { name: file.to_owned(), column: column.to_owned() });
    }
    Ok(place)
}

/// Counts the lines of a text up to places that ascend.
struct LineCounter<'a> {
    text: &'a [u8],
    place: usize,
    line: usize,
}

impl LineCounter<'_> {
    /// The line of the first character at or after `place` that ends no line.
    fn line_of(&mut self, place: usize) -> usize {
        while let Some(&byte) = self.text.get(self.place) {
            let is_end = byte == b'\n' || byte == b'\r';
            if self.place >= place && !is_end {
                break;
            }
            let is_first_half = byte == b'\r' && self.text.get(self.place + 1) == Some(&b'\n');
            self.line += usize::from(is_end && !is_first_half);
            self.place += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(good: &str, bad: &str) -> SentenceColumns {
        SentenceColumns { good: good.to_owned(), bad: bad.to_owned() }
    }

    #[test]
    fn quotes_line_ends_and_separators_are_read() {
        let rows = "id,good,bad\n1,\"Well, it is\nodd.\",\"Well, it are\nodd.\"\n\n2,\"\"\"No\"\" is.\",x\n3,y";
        for end in ["\n", "\r\n", "\r"] {
            for separator in [",", "\t", ";"] {
                let mut text = format!("\u{feff}{}", rows.replace('\n', end));
                if separator != "," {
                    text =
                        text.replace(", ", "\u{0}").replace(',', separator).replace('\u{0}', ", ");
                }
                let mut unused = Vec::new();
                let pairs = read_table("t", &text, &columns("good", "bad"), &mut unused).unwrap();
                let lines: Vec<usize> = pairs.iter().map(|pair| pair.line).collect();
                assert_eq!(lines, [2, 6], "{text:?}");
                assert_eq!(pairs[0].good, format!("Well, it is{end}odd."));
                assert_eq!(pairs[1].good, "\"No\" is.");
                assert_eq!(unused[0].line, 7);
                let reason = unused[0].reason.to_string();
                assert_eq!(reason, "the row has no field in the column `bad`");
            }
        }
    }

    #[test]
    fn rows_with_stray_quotation_marks_or_separators_are_not_used() {
        let text = "good,bad\nWell, it is,Well, it are\n\"A\" is,\"A\" are\na is,a are,,\n\
                    5\" is,5\" are\n\"a is,a are\nb is,b are\n\nc is,c are\n";
        let mut unused = Vec::new();
        let pairs = read_table("t", text, &columns("good", "bad"), &mut unused).unwrap();
        assert_eq!(pairs.iter().map(|pair| pair.line).collect::<Vec<_>>(), [4, 5]);
        let reasons: Vec<String> =
            unused.iter().map(|unused| format!("{}: {}", unused.line, unused.reason)).collect();
        assert!(
            reasons[0].starts_with("2: the row has 4 fields, but the first row 2"),
            "{reasons:?}"
        );
        assert!(reasons[1].starts_with("3: text follows a closing"), "{reasons:?}");
        assert_eq!(
            reasons[2],
            "6: a quotation mark is not closed, so that lines 6 to 9 are one row"
        );
        assert_eq!(reasons.len(), 3);
    }

    #[test]
    fn a_column_that_is_missing_or_occurs_twice_is_an_error() {
        let read = |text: &str| {
            read_table("t.csv", text, &columns("right", "wrong"), &mut Vec::new()).unwrap_err()
        };
        let missing = read("right;Wrong\na;b\n").to_string();
        assert!(missing.starts_with("t.csv: there is no column `wrong`"), "{missing}");
        assert!(missing.contains("`right`, `Wrong`"), "{missing}");
        let twice = read("right,wrong,right\na,b,c\n").to_string();
        assert_eq!(twice, "t.csv: two columns are named `right`");
        assert!(read("").to_string().contains("no column `right`"));
    }
}
