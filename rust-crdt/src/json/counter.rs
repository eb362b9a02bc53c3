//! Shapes of counters.

use super::parts::{put_counts, take_counts};
use super::{Import, Json, JsonState, Record, invalid};
use crate::clock::VectorClock;
use crate::counter::{GCounter, PnCounter};
use crate::error::CrdtError;

/// `{"counts":{"a":1}}`; also read: `{"a":1}` and `{"id":"a","values":[["a",1]]}`.
impl JsonState for GCounter {
    fn to_data(&self) -> Result<Json, CrdtError> {
        Ok(Json::record([("counts", put_counts(self.counts())?)]))
    }

    fn from_data(data: &Json, _: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?;
        // In the flat shape every field is a number, whatever its actor is called.
        let counts = match (record.optional("counts"), record.optional("values")) {
            (Some(counts @ Json::Object(_)), _) => {
                record.only(&["counts"])?;
                take_counts(counts)?
            }
            (_, Some(Json::Array(pairs))) => {
                record.only(&["id", "values"])?;
                take_pairs(pairs)?
            }
            _ => take_counts(data)?,
        };
        Ok(Self::from_counts(counts))
    }
}

/// `{"positive":{"counts":{}},"negative":{"counts":{}}}`; also read: flat inner counters, and `{"id","inc","dec"}`.
impl JsonState for PnCounter {
    fn to_data(&self) -> Result<Json, CrdtError> {
        Ok(Json::record([("positive", self.positive().to_data()?), ("negative", self.negative().to_data()?)]))
    }

    fn from_data(data: &Json, import: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?;
        let (positive, negative) = if record.has("inc") {
            record.only(&["id", "inc", "dec"])?;
            (record.field("inc")?, record.field("dec")?)
        } else {
            record.only(&["positive", "negative"])?;
            (record.field("positive")?, record.field("negative")?)
        };
        Ok(Self::from_parts(GCounter::from_data(positive, import)?, GCounter::from_data(negative, import)?))
    }
}

fn take_pairs(pairs: &[Json]) -> Result<VectorClock, CrdtError> {
    let mut clock = VectorClock::new();
    for pair in pairs {
        match pair.to_items()? {
            [actor, count] => {
                let actor = super::parts::take_actor(actor)?;
                if clock.get(&actor) > 0 {
                    return Err(invalid("an actor twice"));
                }
                clock.set(&actor, count.to_count()?)?;
            }
            _ => return Err(invalid("not a pair of actor and count")),
        }
    }
    Ok(clock)
}
