//! Shapes of sets.

use super::parts::{put_context, put_dot, put_value, take_context, take_dot, take_element};
use super::{Import, Json, JsonState, Record, invalid};
use crate::dot::Dot;
use crate::error::CrdtError;
use crate::or_set::OrSet;

/// `{"elements":[{"value":v,"dots":[["a",3]]}],"context":{…}}`; also read: `{"elements":{"e":["tag"]},"tag_counter",
/// "instance_id"}` and `{"elements":[{"value","tag"}],"tombstones":["tag"]}`.
impl JsonState for OrSet {
    fn to_data(&self) -> Result<Json, CrdtError> {
        let mut elements = Vec::new();
        for value in self.elements() {
            let dots = self.tags(&value).map(|dot| put_dot(&dot)).collect::<Result<_, _>>()?;
            elements.push(Json::record([("value", put_value(&value)?), ("dots", Json::Array(dots))]));
        }
        Ok(Json::record([("elements", Json::Array(elements)), ("context", put_context(self.context())?)]))
    }

    fn from_data(data: &Json, _: &Import) -> Result<Self, CrdtError> {
        let record = Record::new(data)?;
        if record.has("context") {
            return current(record.only(&["elements", "context"])?);
        }
        let mut set = Self::new();
        match record.field("elements")? {
            Json::Object(elements) => {
                record.only(&["elements", "tag_counter", "instance_id"])?;
                for (name, tags) in elements {
                    for tag in tags.to_items()? {
                        set.add_dot(&Dot::of_legacy_tag(text(tag)?), name.as_str())?;
                    }
                }
            }
            Json::Array(elements) => {
                record.only(&["elements", "tombstones"])?;
                let mut removed = crate::context::CausalContext::new();
                for tag in record.items("tombstones")? {
                    removed.insert(&Dot::of_legacy_tag(text(tag)?));
                }
                for element in elements {
                    let element = Record::new(element)?.only(&["value", "tag"])?;
                    let value = super::parts::take_value(element.field("value")?)?;
                    set.add_dot(&Dot::of_legacy_tag(element.text("tag")?), value)?;
                }
                set.merge(&Self::with_context(removed))?;
            }
            _ => return Err(invalid("elements are not a list or an object")),
        }
        Ok(set)
    }
}

fn current(record: Record<'_>) -> Result<OrSet, CrdtError> {
    let mut set = OrSet::with_context(take_context(record.field("context")?)?);
    for entry in record.items("elements")? {
        let entry = Record::new(entry)?.only(&["value", "dots"])?;
        let (element, encoded) = take_element(entry.field("value")?)?;
        let dots = entry.items("dots")?;
        if dots.is_empty() || set.contains(element.value()) {
            return Err(invalid("element without a dot, or twice"));
        }
        for dot in dots {
            let dot = take_dot(dot)?;
            if !set.context().contains(&dot) || !set.insert_live(&dot, &encoded)? {
                return Err(invalid("dot outside the context, or of two elements"));
            }
        }
    }
    Ok(set)
}

fn text(json: &Json) -> Result<&str, CrdtError> {
    json.as_text().ok_or(invalid("tag is not a text"))
}
