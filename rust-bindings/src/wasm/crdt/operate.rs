//! Changes and questions by name: `["add", value]`, `["set", key, value, timestamp, nodeId]`, `["size"]`.
//!
//! Names and arguments are those of the methods in JavaScript. The classes there are made around three functions, which
//! makes them a tenth of what they are as exports of their own.

use std::cell::OnceCell;
use std::slice;

use chrysalis_crdt as crdt;
use crdt::any::AnyState;
use crdt::{ActorKey, ClockUnit, Decompose, Stamp, Value, Writer};
use wasm_bindgen::JsValue;

use super::values::{self, Fields};
use super::writers::{NOBODY, writer_of};
use crate::error::{Result, Thrown};

/// A state that is made, changed and asked by name.
pub(super) trait Operate: Decompose {
    /// The state with the arguments of the constructor; the empty one where it takes none.
    fn make(op: &mut Op<'_>) -> Result<Self> {
        op.end()?;
        Ok(Self::default())
    }

    /// Makes one change and gives its delta.
    fn apply(&mut self, op: &mut Op<'_>) -> Result<Self>;

    /// Answers one question.
    fn ask(&self, op: &mut Op<'_>) -> Result<Answer>;
}

/// What a question gives.
pub(super) enum Answer {
    /// `undefined`.
    Nothing,
    Value(Value),
    /// A value as the packer of JavaScript writes it.
    Packed(Vec<u8>),
    State(AnyState),
}

impl Answer {
    /// Values as an array.
    pub(super) fn list<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<Self> {
        Ok(Self::Packed(values::pack_list(&mut values.into_iter())?))
    }

    /// Texts as an array.
    pub(super) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Value(Value::array(texts.into_iter().map(|text| Value::text(text))))
    }

    /// A value, if there is one.
    pub(super) fn optional(value: Option<Value>) -> Self {
        value.map_or(Self::Nothing, Self::Value)
    }

    /// A number as a `bigint`: 16 bytes, little-endian.
    pub(super) fn big(number: i128) -> Self {
        Self::Value(Value::bytes(number.to_le_bytes()))
    }

    /// How many there are.
    pub(super) fn count(count: usize) -> Self {
        Self::Value(Value::from(count as u64))
    }
}

impl<T: Into<Value>> From<T> for Answer {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

/// Who changes something: looked up when it is first asked.
pub(super) struct Author {
    name: Option<String>,
    writer: OnceCell<Writer>,
}

impl Author {
    /// The author of this name.
    pub(super) fn new(actor: &JsValue) -> Result<Self> {
        Ok(Self { name: values::optional_text(actor, "actor")?, writer: OnceCell::new() })
    }

    /// Its writer; that of `default` where nobody was named.
    fn writer(&self, default: &str) -> Result<&Writer> {
        if let Some(writer) = self.writer.get() {
            return Ok(writer);
        }
        let writer = writer_of(self.name.as_deref().unwrap_or(default))?;
        Ok(self.writer.get_or_init(|| writer))
    }

    /// The same for an author who names himself, or nobody.
    pub(super) fn own_writer(&self) -> Result<&Writer> {
        self.writer(NOBODY)
    }
}

/// A change or a question: its name, and the arguments that are left.
///
/// They are lent, so that there is little to clean up wherever one of them is wrong.
pub(super) struct Op<'a> {
    name: &'a str,
    arguments: slice::IterMut<'a, Value>,
    author: &'a Author,
    /// Whether the delta is wanted, or the changed state alone.
    is_batch: bool,
    /// What a change gives beside the delta.
    said: Option<Value>,
}

impl<'a> Op<'a> {
    /// One of a batch, whose delta is wanted.
    pub(super) fn of_batch(operation: &'a mut Value, author: &'a Author) -> Result<Self> {
        Self::new(operation, author, true)
    }

    /// The call of a method.
    pub(super) fn of_call(operation: &'a mut Value, author: &'a Author) -> Result<Self> {
        Self::new(operation, author, false)
    }

    fn new(operation: &'a mut Value, author: &'a Author, is_batch: bool) -> Result<Self> {
        let wrong = || Thrown::argument("operations", "must be arrays of a name and arguments");
        let Value::Array(items) = operation else { return Err(wrong()) };
        let (name, arguments) = items.split_first_mut().ok_or_else(wrong)?;
        let name = name.as_text().ok_or_else(wrong)?;
        Ok(Self { name, arguments: arguments.iter_mut(), author, is_batch, said: None })
    }

    /// Its name.
    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    pub(super) fn value(&mut self) -> Result<&'a mut Value> {
        self.arguments
            .next()
            .ok_or_else(|| Thrown::argument("operations", "must have all arguments of the method"))
    }

    /// An argument that may be missing or null.
    pub(super) fn optional(&mut self) -> Option<&'a mut Value> {
        self.arguments.next().filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        self.value()?.as_text().ok_or_else(|| wrong("a string"))
    }

    pub(super) fn actor(&mut self) -> Result<ActorKey> {
        Ok(ActorKey::new(self.text()?)?)
    }

    pub(super) fn number(&mut self) -> Result<f64> {
        self.value()?.as_f64().ok_or_else(|| wrong("a number"))
    }

    pub(super) fn integer(&mut self) -> Result<i128> {
        integer_of(self.value()?)
    }

    pub(super) fn count(&mut self) -> Result<u64> {
        count_of(self.value()?)
    }

    pub(super) fn index(&mut self) -> Result<usize> {
        Ok(usize::try_from(self.count()?).unwrap_or(usize::MAX))
    }

    pub(super) fn list(&mut self) -> Result<&'a mut Vec<Value>> {
        if let Value::Array(items) = self.value()? { Ok(items) } else { Err(wrong("an array")) }
    }

    pub(super) fn fields(&mut self) -> Result<Fields<'a>> {
        Fields::of(self.value()?, "operations")
    }

    pub(super) fn stamp(&mut self, unit: ClockUnit) -> Result<Stamp> {
        Ok(unit.stamp(self.number()?)?)
    }

    /// The unit of time that is named, milliseconds where none is.
    pub(super) fn unit(&mut self) -> Result<ClockUnit> {
        let Some(name) = self.optional() else { return Ok(ClockUnit::Milliseconds) };
        name.as_text()
            .and_then(ClockUnit::from_name)
            .ok_or_else(|| Thrown::argument("clock", "must be 'hlc', 'ms', 's' or 'lamport'"))
    }

    /// Local time in milliseconds, or what the caller says it is.
    pub(super) fn now_ms(&mut self) -> Result<u64> {
        match self.optional() {
            Some(given) => count_of(given),
            None => values::now_ms(&JsValue::UNDEFINED),
        }
    }

    /// A boolean, `false` where none is given.
    pub(super) fn flag(&mut self) -> bool {
        self.optional().and_then(|value| value.as_bool()).unwrap_or(false)
    }

    /// Who makes the change.
    pub(super) fn writer(&self) -> Result<&'a Writer> {
        self.author.own_writer()
    }

    /// Who makes the change; one with this name where the call of a method names nobody.
    pub(super) fn writer_or(&self, default: &str) -> Result<&'a Writer> {
        self.author.writer(if self.is_batch { NOBODY } else { default })
    }

    /// Makes changes one by one; their delta is joined where it is wanted.
    pub(super) fn each<T: Operate>(
        &self,
        items: &mut [Value],
        change: &mut dyn FnMut(&mut Value) -> Result<T>,
    ) -> Result<T> {
        let mut joined = T::default();
        for item in items {
            let delta = change(item)?;
            if self.is_batch {
                joined.join_delta(&delta)?;
            }
        }
        Ok(joined)
    }

    /// Gives a value beside the delta.
    pub(super) fn say(&mut self, value: impl Into<Value>) {
        self.said = Some(value.into());
    }

    /// What was given beside the delta.
    pub(super) fn into_said(self) -> Option<Value> {
        self.said
    }

    /// Nothing may be left over.
    pub(super) fn end(&self) -> Result<()> {
        match self.arguments.len() {
            0 => Ok(()),
            _ => Err(Thrown::argument("operations", "must have no more arguments than the method")),
        }
    }
}

/// An argument, taken away from where it was lent.
pub(super) fn taken(value: &mut Value) -> Value {
    std::mem::replace(value, Value::Null)
}

/// The error for a name that a type does not have.
pub(super) fn unknown() -> Thrown {
    Thrown::argument("operations", "must name changes of this type")
}

fn wrong(what: &str) -> Thrown {
    Thrown::argument("operations", &["must have ", what, " where the method takes one"].concat())
}

fn integer_of(value: &Value) -> Result<i128> {
    value
        .as_u64()
        .map(i128::from)
        .or_else(|| value.as_i64().map(i128::from))
        .ok_or_else(|| wrong("an integer"))
}

fn count_of(value: &Value) -> Result<u64> {
    u64::try_from(integer_of(value)?).map_err(|_| wrong("a count"))
}

/// Reads the arguments of a change in their order, sees to it that none is left over, and makes the change.
macro_rules! change {
    ($op:ident, ($($argument:ident: $read:expr),*) => $run:expr) => {{
        $(let $argument = $read;)*
        $op.end()?;
        Ok($run)
    }};
}
pub(super) use change;

/// Runs code with the type of a kind's states under a name.
macro_rules! for_kind {
    ($kind:expr, $wrong:expr, $state:ident => $run:expr) => {
        for_kind!(@ $kind, $wrong, $state => $run, VectorClock GCounter PnCounter GSet TwoPhaseSet OrSet LwwElementSet LwwRegister
            LwwNumericRegister LwwMap MvRegister SkillAccumulator EpisodeMemory BeliefState AgentState MerkleDag)
    };
    (@ $kind:expr, $wrong:expr, $state:ident => $run:expr, $($name:ident)*) => {
        match $kind {
            $(crdt::Kind::$name => {
                type $state = crdt::$name;
                $run
            })*
            _ => $wrong,
        }
    };
}

/// The state of a kind with the arguments of its constructor.
pub(super) fn make(kind: crdt::Kind, op: &mut Op<'_>) -> Result<AnyState> {
    for_kind!(kind, Err(unknown()), T => Ok(AnyState::new(T::make(op)?)))
}

/// Makes one change and gives its delta. A change that fails may have been made in part.
pub(super) fn apply(state: &mut AnyState, op: &mut Op<'_>) -> Result<AnyState> {
    for_kind!(state.kind(), Err(unknown()), T => {
        Ok(AnyState::new(state.get_mut::<T>().ok_or_else(unknown)?.apply(op)?))
    })
}

/// Answers one question.
pub(super) fn ask(state: &AnyState, op: &mut Op<'_>) -> Result<Answer> {
    for_kind!(state.kind(), Err(unknown()), T => state.get::<T>().ok_or_else(unknown)?.ask(op))
}
