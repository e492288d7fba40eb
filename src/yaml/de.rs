//! Serde over the tree: what it asks for, from where it stands.

use std::cell::RefCell;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::failure::{Failure, Reason, Target};
use super::fault::Fault;
use super::read::State;
use super::scalar::{Meaning, Scalar};
use super::stand_in::StandIn;
use super::tree::{Content, Entry, Id, Tree};
use super::words;

/// Reads the node `id`.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    file: &'a str,
    tree: &'a Tree,
    state: &'a RefCell<State>,
    id: Id,
}

impl<'a> Reader<'a> {
    pub(super) fn root(file: &'a str, tree: &'a Tree, state: &'a RefCell<State>) -> Reader<'a> {
        Reader { file, tree, state, id: tree.root() }
    }

    fn to(self, id: Id) -> Reader<'a> {
        Reader { id, ..self }
    }

    fn content(self) -> &'a Content {
        &self.tree.node(self.id).content
    }

    fn scalar(self) -> Option<&'a Scalar> {
        match self.content() {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Reads this node, or what stands in for it; a failure without a place is this node's.
    fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Failure> {
        seed.deserialize(self).map_err(|failure| failure.at(Target::Node(self.id)))
    }

    fn replaced(self) -> Option<StandIn> {
        self.state.borrow().replaced.get(&self.id).copied().map(StandIn)
    }

    fn is_left_out(self, entry: &Entry) -> bool {
        let state = self.state.borrow();
        state.left_out.contains(&entry.key) || state.left_out.contains(&entry.value)
    }

    /// The entries that `known` names; the others are told, once, and passed over.
    fn entries(self, known: Option<&'static [&'static str]>) -> Vec<Entry> {
        let Content::Map(entries) = self.content() else { return Vec::new() };
        let kept = entries.iter().filter(|entry| match known {
            Some(known) if !self.tree.scalar_text(entry.key).is_some_and(|key| known.contains(&key)) => {
                self.tell_unknown(entry.key, known);
                false
            }
            _ => !self.is_left_out(entry),
        });
        kept.copied().collect()
    }

    fn tell_unknown(self, key: Id, known: &[&str]) {
        let mut state = self.state.borrow_mut();
        if state.unknown.insert(key) {
            let node = self.tree.node(key);
            let message = words::unknown_key(self.tree.scalar_text(key).unwrap_or_default(), known);
            state.faults.push(Fault::at(self.file, node.line, node.column, message));
        }
    }

    fn map_access(self, known: Option<&'static [&'static str]>) -> Fields<'a> {
        let added = self.state.borrow().added.get(&self.id).cloned().unwrap_or_default();
        let added = added.into_iter().filter_map(|(key, number)| Some((key, number?))).collect();
        Fields { reader: self, entries: self.entries(known).into_iter(), added, next: Next::Nothing }
    }

    fn seq_access(self, items: &[Id]) -> Items<'a> {
        let state = self.state.borrow();
        let items: Vec<Id> = items.iter().copied().filter(|item| !state.left_out.contains(item)).collect();
        Items { reader: self, items: items.into_iter() }
    }
}

macro_rules! as_any_or_stand_in {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            match self.replaced() {
                Some(stand_in) => stand_in.$method(visitor),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if let Some(stand_in) = self.replaced() {
            return stand_in.deserialize_any(visitor).map_err(|failure| failure.at(Target::Node(self.id)));
        }
        let read = match self.content() {
            Content::List(items) => visitor.visit_seq(self.seq_access(items)),
            Content::Map(_) => visitor.visit_map(self.map_access(None)),
            Content::Scalar(scalar) => match scalar.meaning() {
                Meaning::Null => visitor.visit_unit(),
                Meaning::Bool(value) => visitor.visit_bool(value),
                Meaning::Int(value) => visitor.visit_i64(value),
                Meaning::Large(value) => visitor.visit_u64(value),
                Meaning::Float(value) => visitor.visit_f64(value),
                Meaning::Text(text) => visitor.visit_str(text),
            },
        };
        read.map_err(|failure| failure.at(Target::Node(self.id)))
    }

    as_any_or_stand_in! {
        deserialize_bool deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_f32 deserialize_f64
        deserialize_str deserialize_string deserialize_char deserialize_unit deserialize_seq deserialize_map
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.replaced().is_some() || self.scalar().is_some_and(Scalar::is_nothing) {
            return visitor.visit_none();
        }
        visitor.visit_some(self).map_err(|failure| failure.at(Target::Node(self.id)))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self).map_err(|failure| failure.at(Target::Node(self.id)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        match (self.replaced(), self.content()) {
            (Some(stand_in), _) => stand_in.deserialize_tuple(length, visitor),
            (None, Content::List(items)) if items.len() > length => {
                Err(Failure::new(Reason::Wrong(format!("an array of length {length}"))).at(Target::Node(self.id)))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, length: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let read = match (self.replaced(), self.content()) {
            (Some(stand_in), _) => stand_in.deserialize_struct(name, fields, visitor),
            (None, Content::Map(_)) => visitor.visit_map(self.map_access(Some(fields))),
            // A list would be taken for the fields in their order; nobody means that.
            (None, Content::List(_)) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        };
        read.map_err(|failure| failure.at(Target::Node(self.id)))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let read = match (self.replaced(), self.content()) {
            (Some(stand_in), _) => stand_in.deserialize_enum(name, variants, visitor),
            (None, Content::Map(entries)) if entries.len() == 1 => {
                visitor.visit_enum(Word { reader: self, entry: Some(entries[0]), variants })
            }
            (None, Content::Scalar(scalar)) if matches!(scalar.meaning(), Meaning::Text(_)) => {
                visitor.visit_enum(Word { reader: self, entry: None, variants })
            }
            _ => Err(Failure::new(Reason::Wrong(format!("one of: {}", variants.join(", "))))),
        };
        read.map_err(|failure| failure.at(Target::Node(self.id)))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 bytes byte_buf unit_struct identifier }
}

/// A key: any scalar is text where text is asked for, so `0:` can name a status.
struct Key<'a>(Reader<'a>);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_str(self.0.tree.scalar_text(self.0.id).unwrap_or_default())
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let text = self.0.tree.scalar_text(self.0.id).unwrap_or_default();
        let text: StrDeserializer<'_, Failure> = text.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'a> {
    reader: Reader<'a>,
    items: std::vec::IntoIter<Id>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some(item) = self.items.next() else { return Ok(None) };
        self.reader.to(item).read(seed).map(Some)
    }
}

struct Fields<'a> {
    reader: Reader<'a>,
    entries: std::vec::IntoIter<Entry>,
    added: Vec<(&'static str, usize)>,
    next: Next,
}

/// The value whose key was read last.
enum Next {
    Nothing,
    Value(Id),
    Added(&'static str, usize),
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        if let Some(entry) = self.entries.next() {
            self.next = Next::Value(entry.value);
            let key = seed.deserialize(Key(self.reader.to(entry.key)));
            return key.map(Some).map_err(|failure| match failure.reason {
                Reason::UnknownKey(..) => failure,
                _ => failure.at(Target::Node(entry.key)),
            });
        }
        let Some((key, number)) = self.added.pop() else { return Ok(None) };
        self.next = Next::Added(key, number);
        let name: StrDeserializer<'_, Failure> = key.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        match self.next {
            Next::Value(id) => self.reader.to(id).read(seed),
            Next::Added(key, number) => seed
                .deserialize(StandIn(number))
                .map_err(|failure| Failure { target: Some(Target::Added(self.reader.id, key)), ..failure }),
            Next::Nothing => Err(de::Error::custom("a value was read before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len() + self.added.len())
    }
}

/// A word from a list, alone or as the one key of a map: `url: {env: NAME}`.
struct Word<'a> {
    reader: Reader<'a>,
    entry: Option<Entry>,
    variants: &'static [&'static str],
}

impl<'de, 'a> EnumAccess<'de> for Word<'a> {
    type Error = Failure;
    type Variant = Word<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Word<'a>), Failure> {
        let id = self.entry.map_or(self.reader.id, |entry| entry.key);
        let name = self.reader.tree.scalar_text(id).unwrap_or_default();
        if self.entry.is_some() && !self.variants.contains(&name) {
            return Err(de::Error::unknown_field(name, self.variants));
        }
        let name: StrDeserializer<'_, Failure> = name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match self.entry {
            None => Ok(()),
            Some(_) => Err(Failure::new(Reason::Wrong(format!("one of: {}", self.variants.join(", "))))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        match self.entry {
            Some(entry) => self.reader.to(entry.value).read(seed),
            None => Err(Failure::new(Reason::Wrong("a key and its value".to_owned()))),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        match self.entry {
            Some(entry) => self.reader.to(entry.value).deserialize_tuple(length, visitor),
            None => Err(Failure::new(Reason::Wrong("a key and its values".to_owned()))),
        }
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failure> {
        match self.entry {
            Some(entry) => self.reader.to(entry.value).deserialize_struct("", fields, visitor),
            None => Err(Failure::new(Reason::Wrong("a key and its values".to_owned()))),
        }
    }
}
