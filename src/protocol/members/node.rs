//! One JSON value as it was sent (RFC 8259), with texts that are wiped when they are dropped.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use zeroize::Zeroizing;

/// How deep lists and objects may lie in each other; the outermost object counts.
const DEEPEST: usize = 8;
/// Looking for doubles compares each name with each, so the number is bounded.
const MOST_MEMBERS: usize = 256;

pub enum Node {
    Null,
    Flag(bool),
    Number(Number),
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    pub fn into_json(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Flag(flag) => Value::Bool(flag),
            Self::Number(number) => Value::Number(number),
            Self::Text(mut text) => Value::String(std::mem::take(&mut *text)),
            Self::List(list) => list.into_iter().map(Self::into_json).collect(),
            Self::Object(members) => {
                Value::Object(members.into_iter().map(|(name, node)| (name, node.into_json())).collect::<Map<_, _>>())
            }
        }
    }
}

/// The members of the one object that `json` is, or why it is none.
pub fn object(json: &[u8]) -> Result<Vec<(String, Node)>, &'static str> {
    let why = Cell::new("the body is not JSON");
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let node = Reader { depth: 0, why: &why }.deserialize(&mut deserializer).map_err(|_| why.get())?;
    deserializer.end().map_err(|_| why.get())?;
    match node {
        Node::Object(members) => Ok(members),
        _ => Err("the body is not a JSON object"),
    }
}

#[derive(Clone, Copy)]
struct Reader<'w> {
    depth: usize,
    /// The sentence of the fault that ended the reading, where it was not the grammar.
    why: &'w Cell<&'static str>,
}

impl Reader<'_> {
    fn refuse<E: de::Error>(self, why: &'static str) -> E {
        self.why.set(why);
        E::custom(why)
    }

    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEEPEST {
            return Err(self.refuse("the body is nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// NUL has no place in a text of Postgres, nor in anything that people write.
    fn check_text<E: de::Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') { Err(self.refuse("a text has a NUL character in it")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Node, E> {
        Number::from_f64(number).map(Node::Number).ok_or_else(|| self.refuse("a number is out of range"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        self.check_text(text)?;
        Ok(Node::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let inside = self.deeper()?;
        let mut read = Vec::new();
        while let Some(node) = list.next_element_seed(inside)? {
            read.push(node);
        }
        Ok(Node::List(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let inside = self.deeper()?;
        let mut read: Vec<(String, Node)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            self.check_text(&name)?;
            if read.len() == MOST_MEMBERS {
                return Err(self.refuse("an object has too many members"));
            }
            if read.iter().any(|(known, _)| *known == name) {
                return Err(self.refuse("a member is there more than once"));
            }
            read.push((name, members.next_value_seed(inside)?));
        }
        Ok(Node::Object(read))
    }
}
