//! Columns as Apache Parquet, a group of rows at a time.

use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::error::ExportError;
use super::table::{COLUMNS, Column, Kind};

/// How many rows a group has at most, and how many bytes of text.
const GROUP_ROWS: usize = 50_000;
const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// Gathers rows and writes them in groups.
pub(super) struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: [Vec<Option<String>>; COLUMNS.len()],
    bytes: usize,
    last_cursor: Option<String>,
}

impl<W: Write + Send> Table<W> {
    pub(super) fn new(out: W) -> Result<Self, ExportError> {
        let fields = COLUMNS.iter().map(|column| field(column).map(Arc::new));
        let schema = Type::group_type_builder("event")
            .with_fields(fields.collect::<Result<_, _>>()?)
            .build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("annals ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        Ok(Self {
            writer: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?,
            columns: Default::default(),
            bytes: 0,
            last_cursor: None,
        })
    }

    pub(super) fn row(
        &mut self,
        values: [Option<String>; COLUMNS.len()],
        cursor: &str,
    ) -> Result<(), ExportError> {
        for (column, value) in self.columns.iter_mut().zip(values) {
            self.bytes += value.as_ref().map_or(0, String::len);
            column.push(value);
        }
        self.last_cursor = Some(cursor.to_owned());
        if self.bytes >= GROUP_BYTES || self.columns[0].len() >= GROUP_ROWS {
            self.group()?;
        }
        Ok(())
    }

    /// Writes the rows that were gathered.
    fn group(&mut self) -> Result<(), ExportError> {
        let columns = std::mem::take(&mut self.columns);
        self.bytes = 0;
        if columns[0].is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (column, values) in COLUMNS.iter().zip(columns) {
            let Some(mut writer) = group.next_column()? else {
                return Err(ParquetError::General(format!("no column for {}", column.name)).into());
            };
            let levels: Option<Vec<i16>> =
                (!column.is_always).then(|| values.iter().map(|value| i16::from(value.is_some())).collect());
            let given = values.into_iter().flatten();
            match column.kind {
                Kind::Text | Kind::Json => {
                    let values: Vec<ByteArray> =
                        given.map(|text| ByteArray::from(text.into_bytes())).collect();
                    writer
                        .typed::<ByteArrayType>()
                        .write_batch(&values, levels.as_deref(), None)?;
                }
                Kind::Number | Kind::Moment => {
                    let values = given.map(|text| number(column, &text));
                    let values: Vec<i64> = values.collect::<Result<_, _>>()?;
                    writer
                        .typed::<Int64Type>()
                        .write_batch(&values, levels.as_deref(), None)?;
                }
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes what is left and the file's end, with the cursor of the last event.
    pub(super) fn finish(mut self) -> Result<W, ExportError> {
        self.group()?;
        let cursor = KeyValue::new("annals.cursor".to_owned(), self.last_cursor.take());
        self.writer.append_key_value_metadata(cursor);
        Ok(self.writer.into_inner()?)
    }
}

fn number(column: &Column, text: &str) -> Result<i64, ParquetError> {
    let wrong = || ParquetError::General(format!("{}: {text:?} is none", column.name));
    match column.kind {
        Kind::Moment => text
            .parse()
            .map(|moment: Timestamp| moment.as_microsecond())
            .map_err(|_| wrong()),
        _ => text.parse().map_err(|_| wrong()),
    }
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        Kind::Number => (Physical::INT64, None),
        Kind::Moment => (
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
        ),
    };
    let repetition = match column.is_always {
        true => Repetition::REQUIRED,
        false => Repetition::OPTIONAL,
    };
    Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
}
