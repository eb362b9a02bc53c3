//! Canonical JSON: the form in which states pass between languages and systems that do not share the encoding.
//!
//! One form is written; those of the systems that this crate replaces are read too. Objects that are maps have their
//! keys in byte order, records have their fields in a fixed order, and integers are at most 2^53 - 1 either way.
//! `docs/encodings/crdt-json.md` describes every shape.

mod agent;
mod clock;
mod counter;
mod dag;
mod map;
pub(crate) mod number;
mod parts;
mod read;
mod record;
mod register;
mod set;
mod text;

use crate::actor::ActorKey;
use crate::clock::VectorClock;
use crate::error::CrdtError;
use crate::state::{Kind, State};
use crate::time::{ClockUnit, MAX_SAFE_INTEGER};

pub use text::{Json, MAX_DEPTH};

pub(crate) use record::{Record, invalid};

/// The version of the envelope that is written.
pub const VERSION: &str = "2.0.0";
const OLD_VERSION: &str = "1.0.0";

/// The language of the system that wrote an envelope.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum SourceLanguage {
    /// This crate, where nothing else is said.
    #[default]
    Rust,
    /// TypeScript or JavaScript.
    TypeScript,
    /// Python.
    Python,
}

impl SourceLanguage {
    /// The name in envelopes: `rust`, `typescript` or `python`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Python => "python",
        }
    }

    /// The language with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rust, Self::TypeScript, Self::Python].into_iter().find(|language| language.as_str() == name)
    }
}

/// What an envelope says beside the state.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Envelope {
    /// Who wrote it.
    pub source_language: SourceLanguage,
    /// The writer's count of events, at most 2^53 - 1.
    pub lamport_clock: u64,
    /// The writer's vector clock.
    pub vector_clock: VectorClock,
}

/// What a reader knows about a text that says less than the current form.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Import {
    /// The unit of its stamps. A text that names another one is refused.
    pub unit: Option<ClockUnit>,
    /// The text stands in an envelope of version 1.0.0.
    old_envelope: bool,
    /// Under which actor counts are taken in that a text gives without saying whose they are.
    pub origin: Option<ActorKey>,
}

impl Import {
    /// Nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self { unit: None, old_envelope: false, origin: None }
    }

    /// With the unit of the stamps.
    #[must_use]
    pub const fn with_unit(mut self, unit: ClockUnit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// With the actor for counts without one.
    #[must_use]
    pub fn with_origin(mut self, origin: ActorKey) -> Self {
        self.origin = Some(origin);
        self
    }

    pub(crate) const fn has_old_envelope(&self) -> bool {
        self.old_envelope
    }

    /// The unit, or the one that an older shape had in the system that wrote it. The current shapes leave the unit to
    /// the envelope, and none is guessed for them.
    pub(crate) fn unit_or(&self, shape: Option<ClockUnit>) -> Result<ClockUnit, CrdtError> {
        self.unit.or(shape).ok_or(invalid("nothing names the unit of the stamps"))
    }
}

/// A type with a JSON form.
pub trait JsonState: State {
    /// The unit of the state's stamps, if it has stamps.
    fn clock_unit(&self) -> Option<ClockUnit> {
        None
    }

    /// The `data` of an envelope, in the one form that is written.
    ///
    /// # Errors
    /// [`CrdtError::UnsafeInteger`] and [`CrdtError::NoJsonForm`] for what JSON does not carry.
    fn to_data(&self) -> Result<Json, CrdtError>;

    /// The state of such data, or of an older form of it.
    ///
    /// # Errors
    /// [`CrdtError::InvalidJson`], [`CrdtError::UnsafeInteger`], [`CrdtError::UnitMismatch`], and the errors of values and
    /// actors that are out of bounds.
    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError>;

    /// The whole envelope as text.
    ///
    /// # Errors
    /// As [`to_data`](Self::to_data).
    fn to_json(&self, envelope: &Envelope) -> Result<String, CrdtError> {
        write(Self::KIND, self.clock_unit(), self.to_data()?, envelope)
    }

    /// The state in an envelope of version 1.0.0 or 2.0.0, and what the envelope says; or the state of data alone, with
    /// an envelope that says nothing.
    ///
    /// # Errors
    /// As [`from_data`](Self::from_data), and [`CrdtError::TooDeep`] above [`MAX_DEPTH`].
    fn from_json(text: &str, import: &Import) -> Result<(Self, Envelope), CrdtError> {
        let (data, import, envelope) = read(Self::KIND, text, import)?;
        Ok((Self::from_data(&data, &import)?, envelope))
    }
}

/// The text of an envelope with this data.
pub(crate) fn write(
    kind: Kind,
    unit: Option<ClockUnit>,
    data: Json,
    envelope: &Envelope,
) -> Result<String, CrdtError> {
    let mut fields = vec![
        ("version", Json::from(VERSION)),
        ("source_language", Json::from(envelope.source_language.as_str())),
        ("crdt_type", Json::from(kind.as_str())),
        ("lamport_clock", Json::count(envelope.lamport_clock)?),
        ("vector_clock", envelope.vector_clock.to_data()?),
    ];
    if let Some(unit) = unit {
        fields.push(("clock", Json::from(unit.as_str())));
    }
    fields.push(("data", data));
    Ok(Json::record(fields).to_text())
}

/// The data of a text, what is known about it, and what its envelope says.
pub(crate) fn read(kind: Kind, text: &str, import: &Import) -> Result<(Json, Import, Envelope), CrdtError> {
    let json = Json::parse(text)?;
    let Some(found) = envelope(&json)? else { return Ok((json, import.clone(), Envelope::default())) };
    if found.kind != kind.as_str() {
        return Err(invalid("another crdt_type"));
    }
    let (import, envelope) = (found.import(import)?, found.envelope);
    Ok((json.into_field("data").ok_or(invalid("a field is missing"))?, import, envelope))
}

/// An envelope as read.
struct Found<'a> {
    old: bool,
    kind: &'a str,
    unit: Option<ClockUnit>,
    envelope: Envelope,
}

impl Found<'_> {
    /// What the reader knows, with what the envelope says about the unit.
    fn import(&self, import: &Import) -> Result<Import, CrdtError> {
        let mut import = Import { old_envelope: self.old, ..import.clone() };
        match (self.unit, import.unit) {
            (Some(named), Some(known)) => named.expect(known)?,
            (Some(named), None) => import.unit = Some(named),
            // The old writers named no unit; each had its own.
            (None, None) if self.old => {
                import.unit = Some(match self.envelope.source_language {
                    SourceLanguage::TypeScript => ClockUnit::Milliseconds,
                    SourceLanguage::Python | SourceLanguage::Rust => ClockUnit::Seconds,
                });
            }
            (None, _) => {}
        }
        Ok(import)
    }
}

/// The envelope, if this is one: its version is a text, which no field of bare data beside a type is.
fn envelope(json: &Json) -> Result<Option<Found<'_>>, CrdtError> {
    let Json::Object(_) = json else { return Ok(None) };
    let record = Record::new(json)?;
    let (Some(Json::Text(version)), Some(_)) = (record.optional("version"), record.optional("crdt_type"))
    else {
        return Ok(None);
    };
    let old = match version.as_str() {
        VERSION => false,
        OLD_VERSION => true,
        _ => return Err(invalid("unknown version of the envelope")),
    };
    record.only(&[
        "version",
        "source_language",
        "crdt_type",
        "lamport_clock",
        "vector_clock",
        "clock",
        "data",
    ])?;
    let language = SourceLanguage::from_name(record.text("source_language")?)
        .ok_or(invalid("unknown source_language"))?;
    let unit = match record.optional("clock") {
        None => None,
        Some(name) => Some(name.as_text().and_then(ClockUnit::from_name).ok_or(invalid("unknown clock"))?),
    };
    let envelope = Envelope {
        source_language: language,
        lamport_clock: record.optional("lamport_clock").map_or(Ok(0), Json::to_count)?,
        vector_clock: match record.optional("vector_clock") {
            Some(clock) => VectorClock::from_data(clock, &Import::new())?,
            None => VectorClock::new(),
        },
    };
    Ok(Some(Found { old, kind: record.text("crdt_type")?, unit, envelope }))
}

/// The number, if every reader of JSON keeps it.
///
/// # Errors
/// [`CrdtError::UnsafeInteger`] over 2^53 - 1.
pub fn safe_integer(number: u128) -> Result<u64, CrdtError> {
    u64::try_from(number).ok().filter(|number| *number <= MAX_SAFE_INTEGER).ok_or(CrdtError::UnsafeInteger)
}

/// The number, if every reader of JSON keeps it.
///
/// # Errors
/// [`CrdtError::UnsafeInteger`] beyond 2^53 - 1 in either direction.
pub fn safe_signed_integer(number: i128) -> Result<i64, CrdtError> {
    i64::try_from(number)
        .ok()
        .filter(|number| number.unsigned_abs() <= MAX_SAFE_INTEGER)
        .ok_or(CrdtError::UnsafeInteger)
}
