//! Rows of any type as cells: a serializer that collects the fields of one row.

use std::fmt::Display;

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible},
};

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// No value.
    Empty,
    /// True or false.
    Flag(bool),
    /// An integer.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// The fields of a row, by name.
pub(crate) type Cells = Vec<(String, Cell)>;

/// A row or field that a table cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("a row of a table is not flat: {0}")]
pub(crate) struct NotFlat(String);

impl ser::Error for NotFlat {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// The fields of a row.
///
/// # Errors
/// If the row is not a struct of numbers, texts and options.
pub(crate) fn cells_of(row: &impl Serialize) -> Result<Cells, NotFlat> {
    row.serialize(RowSerializer)
}

/// A serializer of whole rows.
struct RowSerializer;

/// The fields of a row so far.
#[derive(Default)]
struct RowFields {
    cells: Cells,
    key: String,
}

impl ser::SerializeStruct for RowFields {
    type Ok = Cells;
    type Error = NotFlat;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), NotFlat> {
        self.cells.push((key.to_owned(), value.serialize(CellSerializer)?));
        Ok(())
    }

    fn end(self) -> Result<Cells, NotFlat> {
        Ok(self.cells)
    }
}

/// A struct with flattened fields is a map.
impl ser::SerializeMap for RowFields {
    type Ok = Cells;
    type Error = NotFlat;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotFlat> {
        match key.serialize(CellSerializer)? {
            Cell::Text(key) => self.key = key,
            other => return Err(NotFlat(format!("the name {other:?}"))),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotFlat> {
        let key = std::mem::take(&mut self.key);
        self.cells.push((key, value.serialize(CellSerializer)?));
        Ok(())
    }

    fn end(self) -> Result<Cells, NotFlat> {
        Ok(self.cells)
    }
}

/// Implements the methods of a serializer for values that it does not take.
macro_rules! refuse {
    ($($method:ident($($value:ty),*);)+) => {$(
        fn $method(self, $(_: $value),*) -> Result<Self::Ok, NotFlat> {
            Err(NotFlat(stringify!($method).to_owned()))
        }
    )+};
}

/// Implements the methods of a serializer for compound values that it does not take.
macro_rules! refuse_compound {
    ($($method:ident($($value:ty),*) -> $type:ident;)+) => {$(
        fn $method(self, $(_: $value),*) -> Result<Self::$type, NotFlat> {
            Err(NotFlat(stringify!($method).to_owned()))
        }
    )+};
}

impl Serializer for RowSerializer {
    type Ok = Cells;
    type Error = NotFlat;
    type SerializeSeq = Impossible<Cells, NotFlat>;
    type SerializeTuple = Impossible<Cells, NotFlat>;
    type SerializeTupleStruct = Impossible<Cells, NotFlat>;
    type SerializeTupleVariant = Impossible<Cells, NotFlat>;
    type SerializeMap = RowFields;
    type SerializeStruct = RowFields;
    type SerializeStructVariant = Impossible<Cells, NotFlat>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<RowFields, NotFlat> {
        Ok(RowFields::default())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<RowFields, NotFlat> {
        Ok(RowFields::default())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Cells, NotFlat> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Cells, NotFlat> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<Cells, NotFlat> {
        Err(NotFlat(variant.to_owned()))
    }

    refuse! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    refuse_compound! {
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }
}

/// A serializer of one field.
struct CellSerializer;

impl CellSerializer {
    /// An integer, or the number nearest to it if it is too large for one.
    fn integer(value: u64) -> Cell {
        match i64::try_from(value) {
            Ok(value) => Cell::Integer(value),
            Err(_) => Cell::Number(value as f64),
        }
    }
}

impl Serializer for CellSerializer {
    type Ok = Cell;
    type Error = NotFlat;
    type SerializeSeq = Impossible<Cell, NotFlat>;
    type SerializeTuple = Impossible<Cell, NotFlat>;
    type SerializeTupleStruct = Impossible<Cell, NotFlat>;
    type SerializeTupleVariant = Impossible<Cell, NotFlat>;
    type SerializeMap = Impossible<Cell, NotFlat>;
    type SerializeStruct = Impossible<Cell, NotFlat>;
    type SerializeStructVariant = Impossible<Cell, NotFlat>;

    fn serialize_bool(self, value: bool) -> Result<Cell, NotFlat> {
        Ok(Cell::Flag(value))
    }

    fn serialize_i8(self, value: i8) -> Result<Cell, NotFlat> {
        Ok(Cell::Integer(value.into()))
    }

    fn serialize_i16(self, value: i16) -> Result<Cell, NotFlat> {
        Ok(Cell::Integer(value.into()))
    }

    fn serialize_i32(self, value: i32) -> Result<Cell, NotFlat> {
        Ok(Cell::Integer(value.into()))
    }

    fn serialize_i64(self, value: i64) -> Result<Cell, NotFlat> {
        Ok(Cell::Integer(value))
    }

    fn serialize_u8(self, value: u8) -> Result<Cell, NotFlat> {
        Ok(Cell::Integer(value.into()))
    }

    fn serialize_u16(self, value: u16) -> Result<Cell, NotFlat> {
        Ok(Cell::Integer(value.into()))
    }

    fn serialize_u32(self, value: u32) -> Result<Cell, NotFlat> {
        Ok(Cell::Integer(value.into()))
    }

    fn serialize_u64(self, value: u64) -> Result<Cell, NotFlat> {
        Ok(Self::integer(value))
    }

    fn serialize_f32(self, value: f32) -> Result<Cell, NotFlat> {
        Ok(Cell::Number(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Result<Cell, NotFlat> {
        Ok(Cell::Number(value))
    }

    fn serialize_char(self, value: char) -> Result<Cell, NotFlat> {
        Ok(Cell::Text(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<Cell, NotFlat> {
        Ok(Cell::Text(value.to_owned()))
    }

    fn serialize_none(self) -> Result<Cell, NotFlat> {
        Ok(Cell::Empty)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Cell, NotFlat> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Cell, NotFlat> {
        Ok(Cell::Empty)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Cell, NotFlat> {
        Ok(Cell::Text(variant.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Cell, NotFlat> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<Cell, NotFlat> {
        Err(NotFlat(variant.to_owned()))
    }

    refuse! {
        serialize_bytes(&[u8]);
        serialize_unit_struct(&'static str);
    }

    refuse_compound! {
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }
}
